# Prints which of the commands $2… computes a SHA-256 of its standard input. $1 is the Windows directory that is meant,
# which must not be the one that a POSIX shell on Windows runs on.
for tool in dd find head stat sync; do
	command -v $tool >/dev/null 2>&1 || { echo $tool >&2; exit $exit_tool; }
done
case $(uname -s 2>/dev/null) in CYGWIN*|MINGW*|MSYS*)
	mine=$(cygpath -u "${SYSTEMROOT:-$SystemRoot}" | tr A-Z a-z)
	meant=$(cygpath -u "$1" | tr A-Z a-z)
	[ "$mine" = "$meant" ] && exit $exit_running ;;
esac
shift
for sum; do
	[ "$(printf '' | $sum 2>/dev/null | head -c 8)" = e3b0c442 ] && { echo "$sum"; exit 0; }
done
echo sha256sum >&2
exit $exit_tool
