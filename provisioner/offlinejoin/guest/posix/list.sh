# Prints "MODE-IN-HEX SIZE LINKS PATH" for each entry of the directory $1.
[ -L "$1" ] && exit $exit_link
[ -e "$1" ] || exit $exit_none
[ -d "$1" ] || exit $exit_kind
odd=$(find "$1" -mindepth 1 -maxdepth 1 -name '*
*') || exit
[ -z "$odd" ] || exit $exit_newline
find "$1" -mindepth 1 -maxdepth 1 -exec stat -c '%f %s %h %n' {} +
