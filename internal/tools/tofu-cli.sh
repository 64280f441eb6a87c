#!/bin/sh
# Builds the real OpenTofu from its source in the Go module cache: tofu-cli.sh OUTPUT. It takes eight minutes, so nothing
# asks for it but `make tofu-cli`; tests use a tofu when there is one.
# `go install tofu@version` cannot do it, because OpenTofu's go.mod has replace lines.
set -eu
version=v1.12.6
case $1 in /*) out=$1 ;; *) out=$(pwd)/$1 ;; esac

if [ -x "$out" ]; then
	exit 0
fi
echo "tofu-cli: building OpenTofu $version (eight minutes the first time) …"
mkdir -p "$(dirname "$out")"
from=$(go mod download -json "github.com/opentofu/opentofu@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
(cd "$from" && CGO_ENABLED=0 GOFLAGS='' go build -trimpath \
	-ldflags "-s -w -X github.com/opentofu/opentofu/version.dev=no" -o "$out" ./cmd/tofu)
