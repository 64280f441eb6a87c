#!/bin/sh
# Writes the generated documentation of both plugins from the code: docs.sh BUILD-FOLDER.
set -eu
build=$1
sdc="${GO:-go} tool packer-sdc"

# Packer: partials of each configuration. struct-markdown walks up for a folder named packer-plugin-* and never ends when
# there is none, so it works in a link of that name, and under a time limit.
mkdir -p "$build"
ln -sfn ../provisioner "$build/packer-plugin-offlinejoin"
limit=
command -v timeout >/dev/null 2>&1 && limit="timeout 120"
(cd "$build/packer-plugin-offlinejoin/offlinejoin" &&
	for config in config accountconfig postprocessorconfig blobconfig imageconfig; do $limit $sdc struct-markdown $config.go; done)

# Packer: pages for the integrations site. They are the pages in docs/ with the partials in, and without front matter and
# first heading, which the site makes itself; links to other pages of docs/ lead to the source, since the site has none of
# them. The landing page is docs/README.md.
mkdir -p .web-docs
cp docs/README.md .web-docs/README.md
web() { # web KIND-IN-DOCS KIND-ON-THE-SITE
	[ -d "docs/$1" ] || return 0
	rm -rf "$build/web-docs/$1"
	mkdir -p "$build/web-docs"
	$sdc renderdocs -src "docs/$1" -partials provisioner/docs-partials -dst "$build/web-docs/$1"
	for page in "$build/web-docs/$1"/*.mdx; do
		to=.web-docs/components/$2/$(basename "$page" .mdx)
		mkdir -p "$to"
		awk 'NR == 1 && /^---$/ { skip = 1; next } skip && /^---$/ { skip = 0; next }
			/^# / && !title { title = 1; next } !skip' "$page" |
			sed -e '/./,$!d' -e 's#](\.\./#](https://github.com/offlinejoin/offlinejoin/blob/main/docs/#g' >"$to/README.md"
	done
}
web provisioners provisioner
web post-processors post-processor
web datasources data-source

# Terraform: docs/index.md, docs/resources, … from the schema, provider/templates and examples.
if command -v terraform >/dev/null 2>&1; then
	$GO_TOOL tfplugindocs generate --provider-dir provider/terraform-provider-offlinejoin --provider-name offlinejoin \
		--rendered-website-dir ../../docs --examples-dir ../../examples --website-source-dir ../templates
else
	echo "generate: terraform is not installed, so its pages in docs/ are left as they are"
	test "${CI:-}" != true
fi
