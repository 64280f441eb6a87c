#!/bin/sh
# domains.sh TREE: start the domain controllers that an ordinary test run has no time for, and run the tests that need
# them: a newer Samba that demands channel bindings (in the root TREE, which the first call makes with mmdebstrap: some
# 3 minutes), a read-only controller beside a writable one, and a controller whose clock is 20 minutes ahead. Needs root,
# the laboratory ($OFFLINEJOIN_SHARED or ../shared), mmdebstrap and libfaketime.
set -eu
tree=$1
lab=${OFFLINEJOIN_SHARED:-$PWD/../shared}/lab
fake=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 | head -n 1)
dir=$(mktemp -d /tmp/oad-XXXXXX) # sockets below it need a short name

# stop ends the processes whose numbers the laboratory wrote down.
stop() {
	for file in "$dir/rodc/pid" "$tree/dc/init.pid"; do
		[ ! -s "$file" ] || kill "$(cat "$file")" || :
	done
	for dc in dc skew; do
		[ ! -e "$dir/$dc/env" ] || sh "$lab/dc-down.sh" "$dir/$dc" --purge || :
	done
	rm -rf "$dir" "$tree/dc"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

sh "$lab/dc-up.sh" "$dir/dc"
sh "$lab/accounts/dc-second.sh" "$dir/dc" "$dir/rodc" rodc1 10.53.0.3 RODC
LD_PRELOAD=$fake FAKETIME=+20m sh "$lab/dc-up.sh" "$dir/skew"
LAB=$lab sh "$lab/accounts/dc-newer.sh" "$tree"

OFFLINEJOIN_DC=$dir/dc OFFLINEJOIN_RODC=rodc1 OFFLINEJOIN_RODC_ADDRESS=10.53.0.3 OFFLINEJOIN_SKEWED_DC=$dir/skew \
	OFFLINEJOIN_NEWER_DC=$tree "${GO:-go}" test -count=1 -v -timeout 10m \
	-run 'ChannelBinding|ReadOnlyController|ClockSkew' ./internal/activedirectory
