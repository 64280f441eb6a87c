#!/bin/sh
# Builds the commit of the working tree again: in a clone in another folder, with an empty build cache, another time zone,
# language and umask. Then compares every byte with DIST, which `make dist` has written: dist-check.sh DIST
set -eu
dist=$(pwd)/$1
commit=$(git rev-parse HEAD)
if [ -n "$(git status --porcelain)" ]; then
	echo "dist-check: the working tree has changes that no clone has; commit them, and run make dist again" >&2
	exit 1
fi
if [ ! -f "$dist/pages/.well-known/terraform.json" ]; then
	echo "dist-check: nothing is in $dist: run make dist first" >&2
	exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q --no-hardlinks . "$work/another folder"
cd "$work/another folder"
git checkout -q "$commit"
umask 077
GOCACHE=$work/cache TZ=Pacific/Auckland LC_ALL=C LANG=C "${MAKE:-make}" --no-print-directory dist
diff -r "$dist" .build/dist
echo "dist-check: $(find "$dist" -type f | wc -l) files are equal, byte for byte"
