//go:build !windows

package newfile

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// duplicate keeps a file without a name from going away.
func duplicate(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), f.Name())
}
