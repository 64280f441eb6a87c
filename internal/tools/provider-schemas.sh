#!/bin/sh
# Asks the providers of others for their schemas, for the guides' tests: provider-schemas.sh TO-FOLDER. They are built from
# their modules; a provider whose module is not to be had has a stand-in there that is written by hand.
set -eu
go=${GO:-go}
to=$(cd "$1" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

schema() { # schema MODULE VERSION REGISTRY-NAME FILE RESOURCE…
	module=$1 version=$2 name=$3 file=$4
	shift 4
	place=$tmp/mirror/registry.terraform.io/$name/$version/$($go env GOOS)_$($go env GOARCH)
	mkdir -p "$place" "$tmp/$file"
	# Not with go install, which also wants the list of the module's versions.
	source=$(cd "$tmp" && $go mod download -json "$module@v$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
	$go -C "$source" build -o "$place/${module##*/}_v$version" .
	printf 'provider_installation { \n  filesystem_mirror { path = "%s" }\n}\n' "$tmp/mirror" >"$tmp/rc"
	printf 'terraform { \n  required_providers { \n    x = { \n      source = "%s" \n    } \n  } \n}\n' "$name" >"$tmp/$file/main.tf"
	export TF_CLI_CONFIG_FILE="$tmp/rc"
	terraform -chdir="$tmp/$file" init -no-color >/dev/null
	terraform -chdir="$tmp/$file" providers schema -json |
		$go -C internal/tools run ./schemas "registry.terraform.io/$name" "$@" >"$tmp/$file.json"
	mv "$tmp/$file.json" "$to/$file.json"
}

schema github.com/bpg/terraform-provider-proxmox 0.111.1 bpg/proxmox proxmox \
	proxmox_virtual_environment_file proxmox_virtual_environment_vm
