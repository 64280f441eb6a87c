# Lists directories: $1 is the path of a root, $2 a slash-separated pattern of names below it, $3 the next root, and so on.
# For each that is there it prints "in INDEX /PATH-BELOW-THE-ROOT" and what list.sh prints.
asked=-1
while [ $# -gt 0 ]; do
	root=$1 at=$1 rest=$2 asked=$((asked + 1))
	shift 2
	while [ -n "$rest" ]; do
		part=${rest%%/*}
		case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
		[ -d "$at" ] && [ ! -L "$at" ] || break
		at=$(find "$at" -mindepth 1 -maxdepth 1 -name "$part")
		[ -n "$at" ] || break
	done
	[ -n "$at" ] && [ -d "$at" ] && [ ! -L "$at" ] || continue
	odd=$(find "$at" -mindepth 1 -maxdepth 1 -name '*
*') || continue
	[ -z "$odd" ] || continue
	echo "in $asked ${at#"$root"}"
	find "$at" -mindepth 1 -maxdepth 1 -exec stat -c '%f %s %h %n' {} +
done
