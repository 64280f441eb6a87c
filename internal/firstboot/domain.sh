#!/bin/sh
# domain.sh COMMAND [ARGUMENT...]: run a command beside a domain controller of Samba that exists for it alone, in namespaces of its
# own: a loopback network that reaches nothing else, a resolver that knows the domain, a new domain, and a user of it. It needs root,
# Linux and Samba, and $OFFLINEJOIN, our own command, which makes an account for a machine and its blob. The command finds
#   FIRST_BOOT_BLOB, FIRST_BOOT_PASSWORD_FILE   files: the blob, and the password of the user
#   FIRST_BOOT_USER, FIRST_BOOT_DOMAIN          names: FIRSTBOOT\anna, firstboot.test
# and its exit code is that of this script; 2 means that there is no domain. When it ends, all processes that were started here end
# with the namespaces, and the folder of the domain is removed. Passwords are random, and in no argument of any command.
set -eu
umask 077
PATH=$PATH:/usr/sbin:/sbin

fail() {
	echo "error: $1" >&2
	exit 2
}

realm=FIRSTBOOT.TEST
domain=firstboot.test
controller=dc1
address=10.53.0.1 # not in 10.0.2.0/24, which is qemu's

# inside DIR COMMAND...: the first process of the namespaces, which ends all others with itself.
inside() {
	dir=$1
	shift
	mount --make-rprivate /
	mount -t tmpfs -o mode=0755 tmpfs /run/samba # sockets whose path is compiled into Samba
	hostname "$controller"
	ip link set lo up
	ip addr add "$address/32" dev lo
	printf '127.0.0.1 localhost\n%s %s.%s %s\n' "$address" "$controller" "$domain" "$controller" >"$dir/hosts"
	printf 'search %s\nnameserver %s\n' "$domain" "$address" >"$dir/resolv.conf"
	chmod 0644 "$dir/hosts" "$dir/resolv.conf"
	for name in hosts resolv.conf; do
		mount --bind "$dir/$name" "$(readlink -f "/etc/$name")" || fail "/etc/$name is no file that another can stand for"
	done

	# The administrator's password is chosen by Samba, which tells it once. Accounts of the domain read what is below sysvol, as users
	# of this system: the folders above it are open to be passed.
	: >"$dir/provision"
	chmod 0711 "$dir"
	if ! (
		umask 022
		samba-tool domain provision --targetdir="$dir/dc" --server-role=dc --realm="$realm" --domain="${realm%.*}" \
			--host-name="$controller" --host-ip="$address" --dns-backend=SAMBA_INTERNAL --option="interfaces=$address" \
			--option="bind interfaces only=yes" --option="dns forwarder=" --option="tls enabled=no"
	) >"$dir/provision" 2>&1; then
		grep -v -i password "$dir/provision" | tail -n 5 >&2
		fail "Samba could not make a domain"
	fi
	chmod 0700 "$dir/dc/private"
	sed -n 's/^.*Admin password: *//p' "$dir/provision" >"$dir/administrator"
	rm "$dir/provision"
	[ -s "$dir/administrator" ] || fail "Samba has not told the administrator's password"
	conf=$dir/dc/etc/smb.conf
	samba_spnupdate -s "$conf" >"$dir/log" 2>&1 || fail "the controller's service names could not be written"
	{
		printf 'aA1-'
		od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
		echo
	} >"$dir/password"
	# It asks for the password twice, on standard input where there is no terminal.
	cat "$dir/password" "$dir/password" | setsid -w samba-tool user create anna -s "$conf" -H "$dir/dc/private/sam.ldb" >>"$dir/log" 2>&1 ||
		fail "Samba could not make a user"
	(
		umask 022
		exec samba --foreground --no-process-group --configfile="$conf" </dev/null >>"$dir/log" 2>&1
	) &
	samba=$!

	set_up="--domain $domain --dc $controller.$domain --ad-user Administrator --ad-password-file $dir/administrator"
	tries=0
	# Without quotes: none of its words has a blank.
	until "$OFFLINEJOIN" provision --machine-name LOGON1 --output "$dir/blob" --dry-run $set_up >"$dir/tried" 2>&1; do
		kill -0 "$samba" || fail "Samba has ended by itself"
		tries=$((tries + 1))
		if [ "$tries" = 60 ]; then
			cat "$dir/tried" >&2
			fail "the domain controller does not answer"
		fi
		sleep 1
	done
	"$OFFLINEJOIN" provision --machine-name LOGON1 --output "$dir/blob" $set_up >/dev/null || fail "the machine account could not be made"
	export FIRST_BOOT_BLOB="$dir/blob" FIRST_BOOT_PASSWORD_FILE="$dir/password" FIRST_BOOT_USER='FIRSTBOOT\anna' FIRST_BOOT_DOMAIN="$domain"
	trap : INT TERM # the command gets them, too
	code=0
	"$@" || code=$?
	# The domain's own word, which nothing depends on: logons by Kerberos, and those of people at a machine.
	count=$(samba-tool user show anna -s "$conf" -H "$dir/dc/private/sam.ldb" --attributes=logonCount 2>>"$dir/log" |
		sed -n 's/^logonCount: //p') || :
	echo "the domain has counted ${count:-no} logons of the user"
	exit "$code"
}

if [ "${1:-}" = --inside ]; then
	shift
	inside "$@"
fi

[ $# -gt 0 ] || fail "usage: domain.sh COMMAND [ARGUMENT...]"
[ "$(uname -s)" = Linux ] || fail "a domain in namespaces of its own needs Linux"
[ "$(id -u)" = 0 ] || fail "a domain in namespaces of its own needs root: run this with sudo"
for tool in samba samba-tool samba_spnupdate ip unshare mount setsid hostname; do
	command -v "$tool" >/dev/null || fail "$tool is not there: install iproute2, util-linux, and of Samba (on Debian) samba, \
samba-ad-provision, samba-dsdb-modules, samba-vfs-modules and winbind"
done
[ -x "${OFFLINEJOIN:-}" ] || fail "OFFLINEJOIN does not name our command: make build makes it"

dir=$(mktemp -d /tmp/first-boot-XXXXXX) # sockets below it need a short name
made=
[ -d /run/samba ] || { mkdir -m 0755 /run/samba && made=1; }
remove() {
	rm -rf "$dir"
	[ -z "$made" ] || rmdir /run/samba 2>/dev/null || :
}
trap remove EXIT
trap : INT TERM HUP
code=0
unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc sh "$0" --inside "$dir" "$@" || code=$?
exit "$code"
