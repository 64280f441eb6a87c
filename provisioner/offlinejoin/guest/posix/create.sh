# Creates the empty file $1. With -C the shell opens with O_EXCL.
{ [ -e "$1" ] || [ -L "$1" ]; } && exit $exit_exists
set -C
: >"$1"
