#!/bin/sh
# Runs every fuzz target of the repository in turn: fuzz.sh TIME-EACH.
set -eu
grep -rl '^func Fuzz' --include='*_test.go' internal provider provisioner | xargs -n1 dirname | sort -u | while read -r dir; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go | while read -r target; do
		echo "fuzz: $dir $target for $1"
		"${GO:-go}" test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 5x "./$dir" </dev/null
	done
done
