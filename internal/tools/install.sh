#!/bin/sh
# Installs what was built: install.sh BIN-FOLDER. Nothing outside your home folder is touched.
set -eu
bin=$1
go=${GO:-go}
os_arch=$($go env GOOS)_$($go env GOARCH)
exe=$($go env GOEXE)
version=$("$bin/offlinejoin$exe" version --short)

commands=$($go env GOBIN)
[ -n "$commands" ] || commands=$($go env GOPATH)/bin
mkdir -p "$commands"
cp "$bin/offlinejoin$exe" "$commands/"
echo "installed $commands/offlinejoin$exe"
case ":$PATH:" in
*":$commands:"*) ;;
*) echo "  the shell does not find it there: add $commands to PATH" ;;
esac

manual=${XDG_DATA_HOME:-$HOME/.local/share}/man/man1
$go run ./internal/cli/docgen -man "$manual"
echo "installed $manual/offlinejoin*.1"

# terraform and tofu look here without any configuration file (implied local mirror).
mirror=$HOME/.terraform.d/plugins
for registry in registry.terraform.io registry.opentofu.org; do
	to=$mirror/$registry/offlinejoin/offlinejoin/$version/$os_arch
	mkdir -p "$to"
	cp "$bin/terraform-provider-offlinejoin$exe" "$to/terraform-provider-offlinejoin_v$version$exe"
	echo "installed $to/terraform-provider-offlinejoin_v$version$exe"
done

if command -v packer >/dev/null 2>&1; then
	packer plugins install --path "$bin/packer-plugin-offlinejoin$exe" github.com/offlinejoin/offlinejoin
else
	echo "packer is not installed: when it is, run"
	echo "  packer plugins install --path $bin/packer-plugin-offlinejoin$exe github.com/offlinejoin/offlinejoin"
fi
