#!/bin/sh
# Signs the SHA256SUMS of a release: sign.sh DIST PUBLIC-KEY. The private key is in $GPG_PRIVATE_KEY, armored, its passphrase in
# $GPG_PASSPHRASE. The signatures are detached and binary: Terraform takes no armored ones.
#
# It fails, with nothing signed, without the keys and when they are not one pair: users have the public key.
set -eu
dist=$1
public=$2
fail() {
	echo "sign: $1" >&2
	exit 1
}
[ -n "${GPG_PRIVATE_KEY:-}" ] || fail "GPG_PRIVATE_KEY holds no key"
[ -f "$public" ] || fail "there is no public key at $public"
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
finish() {
	gpgconf --kill all >/dev/null 2>&1 || true
	rm -rf "$GNUPGHOME"
}
trap finish EXIT
printf '%s\n' "$GPG_PRIVATE_KEY" | gpg --batch --quiet --import
fingerprint() { awk -F: '$1 == "fpr" { print $10; exit }'; }
ours=$(gpg --batch --with-colons --list-secret-keys | fingerprint)
theirs=$(gpg --batch --with-colons --show-keys "$public" | fingerprint)
[ -n "$ours" ] || fail "GPG_PRIVATE_KEY is no private key"
[ "$ours" = "$theirs" ] || fail "the private key is $ours, and the public one, $public, is $theirs"
found=
for sums in "$dist"/*/*_SHA256SUMS; do
	[ -f "$sums" ] || continue
	printf '%s\n' "${GPG_PASSPHRASE:-}" | gpg --batch --yes --quiet --pinentry-mode loopback --passphrase-fd 0 --local-user "$ours" \
		--detach-sign --output "$sums.sig" "$sums"
	gpg --batch --quiet --verify "$sums.sig" "$sums" 2>/dev/null || fail "the signature of $sums is not good"
	found=$sums
done
[ -n "$found" ] || fail "there is no SHA256SUMS in $dist"
