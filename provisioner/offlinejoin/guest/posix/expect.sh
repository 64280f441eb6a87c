# Compares the files $2… with what is expected of them: $1 has the SHA-256 of each, or "-" for none, with a blank after each.
want=$1
shift
have=$(for f; do
	[ -f "$f" ] && [ ! -L "$f" ] && $sum <"$f" || echo -
done | while read -r one rest; do printf '%s ' "$one"; done)
[ "$have" = "$want" ] || exit $exit_changed
