# Waits until the names in the directory $1 are on the disk. Old versions of sync take no argument and wait for all.
sync "$1" 2>/dev/null || sync
