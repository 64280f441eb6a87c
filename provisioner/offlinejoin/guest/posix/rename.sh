# Renames the file $1 to $2, in place of what has the name, unless that is a directory.
[ -d "$2" ] && exit $exit_kind
mv -f "$1" "$2"
