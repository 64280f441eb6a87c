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
	At     string // where the host sees it: a folder that is there, or one in a folder that is there, which is hidden then
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
// one ends the other.
func (h Host) Command(words ...string) []string {
	const script = `set -e
hostname "$1"
mount --bind "$2/machine-id" /etc/machine-id
if [ ! -d "$3" ]; then
	mount --bind "$2" /mnt
	mount -t tmpfs none "$(dirname "$3")"
	mkdir "$3"
	mount --bind /mnt "$3"
	umount /mnt
else
	mount --bind "$2" "$3"
fi
cd "$3"
shift 3
exec "$@"`
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
