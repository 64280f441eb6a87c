//go:build unix

package imagefs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// MayWrite reports whether this user may write what is at a path: a file, or names in a folder. What cannot be asked counts as
// allowed: whoever writes finds out.
func MayWrite(path string) bool {
	err := unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
	return !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EROFS)
}
