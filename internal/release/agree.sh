#!/bin/sh
# agree.sh TAG: fails unless the tag, the source (internal/version), CHANGELOG.md and docs/install.md name the same version.
set -eu
tag=$1
version=$(sed -n 's/^[[:space:]]*Version[[:space:]]*= "\(.*\)"$/\1/p' internal/version/version.go)
fail() {
	echo "agree: $1" >&2
	exit 1
}
[ "$tag" = "v$version" ] || fail "the tag is $tag, and internal/version says $version"
grep -Eq "^## $version \([0-9]{4}-[0-9]{2}-[0-9]{2}\)\$" CHANGELOG.md ||
	fail "CHANGELOG.md has no heading \"## $version (YYYY-MM-DD)\""
others=$(grep -Eo '[_/]v?[0-9]+\.[0-9]+\.[0-9]+' docs/install.md | grep -Ev "^[_/]v?$version\$" | sort -u | tr '\n' ' ')
[ -z "$others" ] || fail "docs/install.md names other versions than $version: $others"
for page in README.md docs/README.md docs/install.md; do
	! grep -q "is not published yet" "$page" || fail "$page says that the version is not published yet"
done
