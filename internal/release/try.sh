#!/bin/sh
# Installs a release as users do, from where it is published: try.sh VERSION. It needs packer, terraform, curl and sha256sum or
# shasum, and leaves nothing behind. The release workflow runs it on Linux, macOS and Windows; tests run it against a stand-in.
set -eu
version=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PACKER_PLUGIN_PATH="$work/plugins" PACKER_CONFIG_DIR="$work/packer" CHECKPOINT_DISABLE=1

cat >try.pkr.hcl <<END
packer {
  required_plugins {
    offlinejoin = { source = "github.com/offlinejoin/offlinejoin", version = "$version" }
  }
}
END
packer init try.pkr.hcl

for source in offlinejoin/offlinejoin offlinejoin.github.io/offlinejoin/offlinejoin; do
	mkdir -p "$source"
	cat >"$source/main.tf" <<END
terraform {
  required_providers {
    offlinejoin = { source = "$source", version = "$version" }
  }
}
END
	(cd "$source" && terraform init -input=false && terraform validate)
done

case $(uname -s)_$(uname -m) in
Linux_x86_64) archive=offlinejoin_${version}_linux_amd64.tar.gz ;;
Linux_aarch64) archive=offlinejoin_${version}_linux_arm64.tar.gz ;;
Darwin_arm64) archive=offlinejoin_${version}_darwin_arm64.tar.gz ;;
Darwin_x86_64) archive=offlinejoin_${version}_darwin_amd64.tar.gz ;;
*) archive=offlinejoin_${version}_windows_amd64.zip ;;
esac
from=https://github.com/offlinejoin/offlinejoin/releases/download/v$version
for file in "$archive" "offlinejoin_${version}_SHA256SUMS"; do
	curl --fail --silent --show-error --location --output "$file" "$from/$file"
done
sum=$(command -v sha256sum || echo "shasum -a 256")
grep " $archive\$" "offlinejoin_${version}_SHA256SUMS" | $sum -c -
case $archive in
*.zip) unzip -q "$archive" && program=./offlinejoin.exe ;;
*) tar -xf "$archive" && program=./${archive%.tar.gz}/offlinejoin ;;
esac
[ "$($program version --short)" = "$version" ]
$program demo >/dev/null
echo "try: offlinejoin $version can be installed here"
