# Goes before scripts that work on the regular file $1, and refuses anything else there.
[ -L "$1" ] && exit $exit_link
[ -e "$1" ] || exit $exit_none
[ -f "$1" ] || exit $exit_kind
