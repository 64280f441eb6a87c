#!/bin/sh
# domains.sh TREE: start the domain controllers that an ordinary test run has no time for, and run the tests that need
# them: a newer Samba that demands channel bindings (in the root TREE, which the first call makes with mmdebstrap: some
# 3 minutes), a read-only controller beside a writable one, one after the other two whose clocks are 20 and 10 minutes
# ahead, and one that has an address of IPv6 alone. Needs root, the laboratory ($OFFLINEJOIN_SHARED or ../shared),
# mmdebstrap and libfaketime.
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
	for dc in dc skew v6; do
		[ ! -e "$dir/$dc/env" ] || sh "$lab/dc-down.sh" "$dir/$dc" --purge || :
	done
	rm -rf "$dir" "$tree/dc"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

sh "$lab/dc-up.sh" "$dir/dc"
sh "$lab/accounts/dc-second.sh" "$dir/dc" "$dir/rodc" rodc1 10.53.0.3 RODC
LAB=$lab sh "$lab/accounts/dc-newer.sh" "$tree"

# check PATTERN: run the tests of a pattern; what they need is in the environment.
check() { "${GO:-go}" test -count=1 -v -timeout 10m -run "$1" ./internal/activedirectory; }

OFFLINEJOIN_DC=$dir/dc OFFLINEJOIN_RODC=rodc1 OFFLINEJOIN_RODC_ADDRESS=10.53.0.3 OFFLINEJOIN_NEWER_DC=$tree \
	check 'ChannelBinding|ReadOnlyController'
for skew in 20m 10m; do
	LD_PRELOAD=$fake FAKETIME=+$skew sh "$lab/dc-up.sh" "$dir/skew"
	OFFLINEJOIN_SKEWED_DC=$dir/skew OFFLINEJOIN_SKEW=$skew check ClockSkew
	sh "$lab/dc-down.sh" "$dir/skew"
done
# The first start provisions; the second one listens on every address of its loopback, where ::1 is the only one that DNS names.
sh "$lab/dc-up.sh" "$dir/v6"
sh "$lab/dc-down.sh" "$dir/v6"
sed -i 's/interfaces = 10.*/interfaces = lo/' "$dir/v6/etc/smb.conf"
sh "$lab/dc-up.sh" "$dir/v6"
for change in 'add odj.test dc1 AAAA ::1' 'delete odj.test dc1 A 10.53.0.1'; do
	set -- $change
	"$dir/v6/exec" sh -c 'samba-tool dns "$1" 10.53.0.1 "$2" "$3" "$4" "$5" -UAdministrator%$ODJ_ADMINPASS' - "$@"
done
OFFLINEJOIN_IPV6_DC=$dir/v6 check ControllerByIPv6
