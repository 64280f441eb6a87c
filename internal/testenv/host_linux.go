package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Host is a host that a test makes of namespaces of the network, of the host name and of mounts. It has a machine id of its own,
// and sees a folder of this machine at a path that others may have for theirs, too. Making one needs root.
type Host struct {
	Name   string // its host name
	Folder string // of this machine
	At     string // where the host sees it. Where this machine has no such folder, the first of its path has nothing else
}

// NewHost gives a folder the machine id of a number, and returns the host.
func NewHost(t testing.TB, name string, number int, folder, at string) Host {
	t.Helper()
	if os.Geteuid() != 0 {
		Absent(t, "only root can make namespaces")
	}
	if err := os.WriteFile(filepath.Join(folder, "machine-id"), fmt.Appendf(nil, "%032x\n", number), 0o644); err != nil {
		t.Fatal(err)
	}
	return Host{name, folder, at}
}

// Command returns the words of a command that runs in the host, in its folder. The process is that of the command: to end the
// one ends the other. The host's root has all that this machine's has, but for what tells that this is a container.
func (h Host) Command(words ...string) []string {
	const script = `set -e
hostname "$1"
hidden=
[ -d "$3" ] || hidden=$(echo "$3" | cut -d/ -f2)
mount -t tmpfs none /mnt
for entry in /*; do
	name=${entry#/}
	if [ -L "$entry" ]; then
		cp -P "$entry" /mnt
	elif [ -d "$entry" ]; then
		mkdir "/mnt/$name"
		case $name in mnt | run | "$hidden") ;; *) mount --rbind "$entry" "/mnt/$name" ;; esac
	fi
done
mount --bind "$2/machine-id" /mnt/etc/machine-id
mkdir -p "/mnt$3"
mount --bind "$2" "/mnt$3"
shift 2
exec chroot /mnt sh -c 'cd "$1"; shift; exec "$@"' sh "$@"`
	return append([]string{"unshare", "--net", "--uts", "--mount", "sh", "-c", script, "sh", h.Name, h.Folder, h.At}, words...)
}

// Program writes a program at path that runs a command in the host, with the arguments that the program gets behind it.
func (h Host) Program(t testing.TB, path string, words ...string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("#!/bin/sh\nexec")
	for _, word := range h.Command(words...) {
		b.WriteString(" '" + strings.ReplaceAll(word, "'", `'\''`) + "'")
	}
	b.WriteString(" \"$@\"\n")
	if err := os.WriteFile(path, []byte(b.String()), 0o700); err != nil {
		t.Fatal(err)
	}
}
