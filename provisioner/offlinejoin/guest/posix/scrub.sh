# Overwrites the regular files $@ with zeros, the first $most bytes of longer ones, waits for the disk, and removes them. What
# is not there is no error. find looks at no content: wc reads all of a file on some systems, and an enemy's may have no end.
for f do
[ -f "$f" ] && [ ! -L "$f" ] || continue
n=$most
[ -n "$(find "$f" -size +$((most / 512)))" ] || n=$(wc -c <"$f") || exit
dd if=/dev/zero of="$f" bs=65536 count=$(((n + 65535) / 65536)) conv=notrunc,fsync || exit
done
rm -f "$@"
