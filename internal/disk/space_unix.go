//go:build !windows

package disk

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// freeSpace returns how many bytes a plain user may write to the file system of a folder.
func freeSpace(folder string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, false
	}
	free := int64(s.Bavail) * int64(s.Bsize)
	return free, free >= 0
}

// allocated returns how many bytes of the file take room on the disk; for a device all of them.
func allocated(f *os.File, size int64) int64 {
	info, err := f.Stat()
	if err != nil {
		return size
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return size
	}
	return min(size, s.Blocks*512)
}
