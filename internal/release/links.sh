#!/bin/sh
# links.sh TAG: copies markdown, and makes relative links absolute: to the source at the tag.
set -eu
sed -E "s#\]\(([A-Za-z0-9._-][^):]*)\)#](https://github.com/offlinejoin/offlinejoin/blob/$1/\1)#g"
