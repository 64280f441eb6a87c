package ledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// readersStay reports whether a lock on a file lets others read on. On a share of Windows' kind it is the server's, which keeps
// other hosts from reading.
func readersStay(f *os.File) bool {
	var fs unix.Statfs_t
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	if failed := raw.Control(func(fd uintptr) { err = unix.Fstatfs(int(fd), &fs) }); failed != nil || err != nil {
		return false
	}
	return keepsReaders(uint32(fs.Type)) //nolint:gosec // these numbers have 32 bits
}

// keepsReaders is readersStay by the number of a file system.
func keepsReaders(kind uint32) bool {
	switch kind {
	case unix.CIFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return false
	}
	return true
}
