# Makes $2 a copy of the file $1, in place of what has the name, and waits for the disk.
rm -f "$2" && { set -C; cat "$1" >"$2"; } && dd if=/dev/null of="$2" bs=512 count=0 conv=notrunc,fsync
