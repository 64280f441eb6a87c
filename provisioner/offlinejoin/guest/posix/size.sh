# Gives the file $1 the size $2, and waits for the disk.
dd if=/dev/null of="$1" bs=1 seek="$2" count=0 && dd if=/dev/null of="$1" bs=512 count=0 conv=notrunc,fsync
