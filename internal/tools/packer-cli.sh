#!/bin/sh
# Builds the real packer from its source in the Go module cache: packer-cli.sh OUTPUT.
# `go install packer@version` cannot do it, because packer's go.mod has replace lines.
set -eu
version=v1.11.2
out=$(pwd)/$1

if [ -x "$out" ]; then
	exit 0
fi
if [ "${OFFLINEJOIN_NO_PACKER_CLI:-}" = 1 ]; then
	echo "packer-cli: not built (OFFLINEJOIN_NO_PACKER_CLI=1)"
	exit 0
fi
echo "packer-cli: building packer $version for the tests (two minutes the first time) …"
mkdir -p "$(dirname "$out")"
dir=$(go mod download -json "github.com/hashicorp/packer@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
if [ -n "$dir" ] && (cd "$dir" && GOFLAGS='' go build -trimpath -ldflags "-s -w" -o "$out" .); then
	exit 0
fi
echo "packer-cli: packer $version could not be built; what needs it is skipped"
test "${CI:-}" != true
