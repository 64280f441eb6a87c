# Writes standard input at block $2 of the file $1, waits for the disk, and prints the SHA-256 of the $3 bytes that are
# there then.
dd of="$1" bs=512 seek="$2" conv=notrunc,fsync || exit
dd if="$1" bs=512 skip="$2" 2>/dev/null | head -c "$3" | $sum
