#!/bin/sh
# The second half of `make demo`: the same join through terraform (or tofu) and packer, when they are installed.
# plugins.sh BIN-FOLDER. All it makes is in a temporary folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

heading() { printf '\n%s\n' "$1"; }

# sample FOLDER makes a new image with a blob beside it.
sample() { "$bin/offlinejoin" demo --sample "$1" >/dev/null; }

through_terraform() { # through_terraform terraform|tofu
	heading "The same through $1"
	sample "$tmp/tf"
	cp "$here/main.tf" "$tmp/tf/"
	for registry in registry.terraform.io registry.opentofu.org; do
		mirror=$tmp/tf/mirror/$registry/offlinejoin/offlinejoin/0.1.0/$(go env GOOS)_$(go env GOARCH)
		mkdir -p "$mirror"
		ln -s "$bin/terraform-provider-offlinejoin" "$mirror/terraform-provider-offlinejoin_v0.1.0"
	done
	printf 'provider_installation { \n  filesystem_mirror { path = "%s" }\n}\n' "$tmp/tf/mirror" >"$tmp/tf/rc"
	export TF_CLI_CONFIG_FILE="$tmp/tf/rc" TF_IN_AUTOMATION=1
	"$1" -chdir="$tmp/tf" init -no-color >"$tmp/init" 2>&1 || { cat "$tmp/init"; return 1; }
	indented "$1" -chdir="$tmp/tf" apply -auto-approve -no-color \
		-var "windows_path=$tmp/tf/Windows" -var "blob_file=$tmp/tf/web01.djoin"
	status "$tmp/tf/Windows"
}

through_packer() {
	heading "The same through packer"
	sample "$tmp/packer"
	export PACKER_PLUGIN_PATH="$tmp/packer/plugins" PACKER_CONFIG_DIR="$tmp/packer" PACKER_CACHE_DIR="$tmp/packer/cache"
	packer plugins install --path "$bin/packer-plugin-offlinejoin" github.com/offlinejoin/offlinejoin \
		>"$tmp/install" 2>&1 || { cat "$tmp/install"; return 1; }
	indented packer build -color=false -var "windows_path=$tmp/packer/Windows" -var "blob_file=$tmp/packer/web01.djoin" \
		"$here/demo.pkr.hcl"
	status "$tmp/packer/Windows"
}

status() {
	printf '\n  offlinejoin status\n'
	indented "$bin/offlinejoin" status --windows-path "$1"
}

# indented COMMAND… shows what a command prints, indented, and fails when it does.
indented() {
	{ "$@" || touch "$tmp/failed"; } | sed -e '/./s/^/  /'
	[ ! -e "$tmp/failed" ]
}

installed() { command -v "$1" >/dev/null 2>&1; }

terraform=
for candidate in terraform tofu; do
	[ -n "$terraform" ] || ! installed "$candidate" || terraform=$candidate
done

if [ -n "$terraform" ] || installed packer; then
	printf '\nBuilding both plugins …\n'
	${MAKE:-make} --no-print-directory -s plugins
fi
if [ -n "$terraform" ]; then
	through_terraform "$terraform"
else
	printf '\nterraform is not installed, so its part of the demo is left out.\n'
fi
if installed packer; then
	through_packer
else
	printf '\npacker is not installed, so its part of the demo is left out (make packer-cli builds one).\n'
fi

printf '\nTry next, on your own image: %s stage --image-path YOUR.qcow2 --overlay-path NEW.qcow2 --blob-file YOUR.djoin --dry-run\n' \
	"$1/offlinejoin"
