#!/bin/sh
# Writes the repository in which a registry looks for a plugin: mirror.sh NAME TAG URL. It gets one commit and the tag, with what
# the registry reads there: no source. The files are those of the working tree, which is the release's.
#
# A tag that is there already is refused, and so is a link that would lead nowhere: what a registry has read at a tag cannot be
# changed afterwards.
set -eu
name=$1
tag=$2
url=$3
source=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
when="@$(git log -1 --format=%ct) +0000"
commit=$(git rev-parse HEAD)

git clone -q "$url" "$work"
cd "$work"
if git rev-parse -q --verify "refs/tags/$tag" >/dev/null; then
	echo "mirror: $name has $tag already, and a release is never changed" >&2
	exit 1
fi
git rm -rfq --ignore-unmatch . >/dev/null
cp "$source/LICENSE" .
(cd "$source" && sh internal/release/links.sh "$tag" <CHANGELOG.md) >CHANGELOG.md
case $name in
terraform-provider-offlinejoin)
	cp "$source/terraform-registry-manifest.json" .
	mkdir docs
	for part in index.md resources data-sources ephemeral-resources functions guides; do
		cp -R "$source/docs/$part" docs/
	done
	;;
packer-plugin-offlinejoin)
	mkdir -p .github/workflows
	cp -R "$source/.web-docs" .
	cp "$source/internal/release/packer-docs.yml" .github/workflows/docs.yml
	;;
*)
	echo "mirror: no registry looks for $name" >&2
	exit 1
	;;
esac
cat >README.md <<END
# $name

Releases of [offlinejoin](https://github.com/offlinejoin/offlinejoin) where registries look for them. Source, issues and pull
requests are there. Nothing here is written by hand: this is $tag, from commit
[$commit](https://github.com/offlinejoin/offlinejoin/commit/$commit).
END
# Links out of what is copied become absolute; a link to something that is nowhere ends the release.
find . -name '*.md' -not -path './.git/*' | while read -r page; do
	folder=$(dirname "$page")
	{ grep -Eo '\]\([^)# ]+' "$page" || true; } | sed 's/^](//' | sort -u | while read -r target; do
		case $target in /* | *:*) continue ;; esac # of the registry's own site, or of another
		[ ! -e "$folder/$target" ] || continue
		whole=$(realpath -m --relative-to=. "$folder/$target")
		if [ ! -e "$source/$whole" ]; then
			echo "mirror: $page links to $target, which is not in the source" >&2
			exit 1
		fi
		sed -i "s|]($target|](https://github.com/offlinejoin/offlinejoin/blob/$tag/$whole|g" "$page"
	done
done
git add -A
GIT_AUTHOR_DATE=$when GIT_COMMITTER_DATE=$when git commit -qm "offlinejoin $tag"
GIT_COMMITTER_DATE=$when git tag -am "offlinejoin $tag" "$tag"
git push -q --atomic origin HEAD:refs/heads/main "refs/tags/$tag"
