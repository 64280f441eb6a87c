//go:build unix

package imagefs

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// WriteAccess returns why this user may not write what is at a path, a file or names in a folder, as a [*fs.PathError]; one that
// matches [fs.ErrNotExist] where there is nothing, and nil where it cannot be asked: whoever writes finds out.
func WriteAccess(path string) error {
	err := unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
	if err == nil || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return &fs.PathError{Op: "access", Path: path, Err: err}
}
