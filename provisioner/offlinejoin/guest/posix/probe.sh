# Prints which of the commands $2… computes a SHA-256 of its standard input, the option by which dd waits for full blocks,
# and then what it gets on standard input, 256 bytes. $1 is the Windows directory that is meant, which must not be the one
# that a POSIX shell on Windows runs on. On a terminal it reads nothing, because what is sent to one has no end.
{ [ -t 0 ] || [ -t 1 ]; } && exit $exit_terminal
for tool in dd find head stat sync wc; do
	command -v $tool >/dev/null 2>&1 || { echo $tool >&2; exit $exit_tool; }
done
case $(uname -s 2>/dev/null) in CYGWIN*|MINGW*|MSYS*)
	mine=$(cygpath -u "${SYSTEMROOT:-$SystemRoot}" | tr A-Z a-z)
	meant=$(cygpath -u "$1" | tr A-Z a-z)
	[ "$mine" = "$meant" ] && exit $exit_running ;;
esac
shift
dd if=/dev/null of=/dev/null iflag=fullblock 2>/dev/null && full=iflag=fullblock || full=ibs=1
for sum; do
	[ "$(printf '' | $sum 2>/dev/null | head -c 8)" = e3b0c442 ] && { echo "$sum"; echo $full; dd bs=1 count=256 2>/dev/null; exit 0; }
done
echo sha256sum >&2
exit $exit_tool
