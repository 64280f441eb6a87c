# Writes the next bytes of standard input into the file $1, waits for the disk once, and compares the SHA-256 $2 of what is
# there then. Each pair of arguments after it is one piece: its first block of 4096 bytes, and its length in bytes. The tail
# of a piece is read byte by byte, so that nothing of the next one is taken.
f=$1 want=$2
shift 2
all="$*"
while [ $# -gt 0 ]; do
	blocks=$(($2 / 4096)) tail=$(($2 % 4096))
	[ $blocks -eq 0 ] || said=$(dd of="$f" bs=4096 seek="$1" count=$blocks $full conv=notrunc 2>&1) || { echo "$said" >&2; exit $exit_failed; }
	[ $tail -eq 0 ] || said=$(dd of="$f" bs=1 seek=$((($1 + blocks) * 4096)) count=$tail conv=notrunc 2>&1) || { echo "$said" >&2; exit $exit_failed; }
	shift 2
done
said=$(dd if=/dev/null of="$f" bs=512 count=0 conv=notrunc,fsync 2>&1) || { echo "$said" >&2; exit $exit_failed; }
set -- $all
have=$(while [ $# -gt 0 ]; do
	dd if="$f" bs=4096 skip="$1" count=$(($2 / 4096 + 1)) 2>/dev/null | head -c "$2"
	shift 2
done | $sum)
case $have in "$want"*) ;; *) exit $exit_differs ;; esac
