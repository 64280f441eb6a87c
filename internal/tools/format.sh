#!/bin/sh
# Formats the Go and HCL files, or checks that they are: format.sh write|check GO-FILES-AND-FOLDERS…
set -eu
mode=$1
shift

if [ "$mode" = write ]; then
	$GO_TOOL gofumpt -l -w "$@"
	hcl_mode=
else
	unformatted=$($GO_TOOL gofumpt -l "$@")
	if [ -n "$unformatted" ]; then
		echo "lint: not formatted (run make fmt):" >&2
		echo "$unformatted" >&2
		exit 1
	fi
	hcl_mode=-check
fi

for tool in terraform packer; do
	if command -v "$tool" >/dev/null 2>&1; then
		"$tool" fmt $hcl_mode -recursive examples
	else
		echo "format: $tool is not installed, so its example files are left as they are"
		test "${CI:-}" != true
	fi
done
