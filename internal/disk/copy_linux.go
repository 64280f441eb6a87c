package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reflink makes an empty file share all blocks of another one (ioctl FICLONE: btrfs, xfs, bcachefs, zfs, NFS 4.2, overlayfs
// on these).
func reflink(to, from *os.File) error {
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd()))
}

// nextData returns where the next byte behind off lies that is not in a hole, size when there is none, and off when the
// file system does not say.
func nextData(f *os.File, off, size int64) int64 {
	at, err := unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size
	case err != nil:
		return off
	default:
		return min(max(at, off), size)
	}
}

// startWriting has the system write a range to the disk now, and does not wait: the flush at the end, during which nobody looks
// at the context, then has little left to do.
func startWriting(f *os.File, off, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE) // a hint: the flush reports what fails
}
