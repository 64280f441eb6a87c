#!/bin/sh
# Stages a whole folder, or one part of it: part.sh [INDEX OF]. What may pass by itself (exit code 75) is tried again, nothing else.
set -u
index=${1:-0}
of=${2:-1}
code=75
for pause in 0 "${PAUSE:-30}" "${PAUSE:-300}"; do
	sleep "$pause"
	offlinejoin apply fleet.join.hcl --yes --json --report "report-$index.json" --var "index=$index" --var "of=$of"
	code=$?
	[ "$code" -eq 75 ] || break
done
exit "$code"
