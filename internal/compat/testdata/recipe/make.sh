#!/bin/sh
# Makes the fixtures of package compat anew: sh make.sh REPOSITORY OUT, as root on Linux (it mounts in a namespace of its
# own), with go, terraform, mkfs.ext4 and gzip. OUT is a new folder outside of the repository.
set -eu
commit=1d98207
repository=$(realpath "$1")
recipe=$(realpath "$(dirname "$0")")
mkdir "$2"
out=$(realpath "$2")
work=$(mktemp -d)
export CGO_ENABLED=0 CHECKPOINT_DISABLE=1

# The commit's own programs, and the one that is made of its packages.
git -C "$repository" worktree add --detach "$work/source" "$commit"
trap 'git -C "$repository" worktree remove --force "$work/source"; rm -rf "$work"' EXIT
cd "$work/source"
make build
mkdir internal/compatmake
cp "$recipe"/*.go internal/compatmake/
go build -o "$work/compatmake" ./internal/compatmake

cat >"$work/inside.sh" <<'INSIDE'
set -eu
bin=$1 make=$2 out=$3
hostname buildhost
# Places of each kind: a loop device (file:), a file system without a name (path:), a disk (dev:) below /srv/compat.
mount -t tmpfs none /mnt
mkdir /mnt/web01 /mnt/web02 /mnt/work /mnt/disks
truncate -s 16M /mnt/disks/web01.img
mkfs.ext4 -q /mnt/disks/web01.img
mount -o loop /mnt/disks/web01.img /mnt/web01
mount -t tmpfs none /mnt/web02
mkdir -p /srv/compat/terraform
cd /srv/compat/terraform
"$make" terraform-image image
cat >config.rc <<RC
provider_installation {
  dev_overrides { "offlinejoin/offlinejoin" = "$bin" }
  direct {}
}
RC
cat >main.tf <<'TF'
terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}
provider "offlinejoin" {
  ledger_file = "/mnt/ledger"
}
resource "offlinejoin_staged_join" "web20" {
  windows_path = "image/Windows"
  blob_file    = "WEB20.djoin"
  machine_name = "WEB20"
}
TF
TF_CLI_CONFIG_FILE=$PWD/config.rc terraform apply -auto-approve -no-color >apply.log 2>&1 || { cat apply.log; exit 1; }
cp terraform.tfstate "$out/staged_join.tfstate.json"
cp WEB20.djoin "$out/"
"$make" "$out" "$bin/offlinejoin" /srv/compat
umount /mnt/web01
rm -rf /srv/compat
INSIDE
unshare --mount --uts --propagation private sh "$work/inside.sh" "$PWD/.build/bin" "$work/compatmake" "$out"

cd "$out"
tar --create --file blobs.tar --sort=name --owner=0 --group=0 --numeric-owner -- *.djoin
rm -- *.djoin
gzip -9n -- *.tar
rm -f ledger.v1.jsonl.lock
ls -l
