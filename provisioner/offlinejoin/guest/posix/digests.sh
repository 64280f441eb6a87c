# Prints the SHA-256 of each file, and "-" for what is not a regular file.
for f; do
	[ -f "$f" ] && [ ! -L "$f" ] && $sum <"$f" || echo -
done
