package ledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// hasAccessList reports whether a file has a POSIX access list, or may have one.
func hasAccessList(f *os.File) bool {
	_, err := unix.Fgetxattr(int(f.Fd()), "system.posix_acl_access", nil)
	return err != unix.ENODATA && err != unix.EOPNOTSUPP
}
