package diskimage_test

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// taken returns how many bytes of a file take room on its disk.
func taken(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// reflinked reports whether a file system shares blocks between files.
func reflinked(t *testing.T, path string) bool {
	t.Helper()
	from, err := os.Open(path)
	must(t, err)
	defer from.Close()
	to, err := os.Create(path + ".clone")
	must(t, err)
	defer os.RemoveAll(to.Name())
	defer to.Close()
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) == nil
}
