# Prints, for each file, a line with its length in bytes and then the file; a line "-" for what is not a regular file.
for f; do
	[ -f "$f" ] && [ ! -L "$f" ] || { echo -; continue; }
	n=$(wc -c <"$f") || exit
	echo $((n))
	head -c $((n)) "$f"
done
