#!/bin/sh
# notes.sh TAG: prints what CHANGELOG.md says about the tag, with links that work elsewhere. Fails when it says nothing.
set -eu
version=${1#v}
notes=$(awk -v version="$version" '/^## / { found = ($2 == version); next } found' CHANGELOG.md | sh internal/release/links.sh "$1")
if [ -z "$notes" ]; then
	echo "notes: CHANGELOG.md says nothing about $version" >&2
	exit 1
fi
printf '%s\n' "$notes"
