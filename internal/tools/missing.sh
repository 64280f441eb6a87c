#!/bin/sh
# Names the optional tools that tests would use and that are not on this machine. The tests say so too, one by one.
set -eu
missing=
for tool in terraform packer age hivexsh regfinfo samba-tool smbclient ldapsearch openssl ssh-keygen x86_64-w64-mingw32-gcc \
	ansible-playbook qemu-system-x86_64; do
	command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
[ -x /usr/lib/wine/wine64 ] || command -v wine64 >/dev/null 2>&1 || missing="$missing wine64"
[ -x /usr/sbin/sshd ] || missing="$missing sshd"
if [ -n "$missing" ]; then
	echo "test: not on this machine, so the tests that want them are skipped:$missing"
fi
shared=${OFFLINEJOIN_SHARED:-../shared}
[ -d "$shared/testdata" ] ||
	echo "test: no shared test data at $shared, so the tests over real hives and blobs are skipped"
