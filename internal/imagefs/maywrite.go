package imagefs

import (
	"errors"
	"io/fs"
	"syscall"
)

// MayWrite reports whether this user may write what is at a path: a file, or names in a folder. What cannot be asked counts as
// allowed: whoever writes finds out.
func MayWrite(path string) bool {
	err := WriteAccess(path)
	return !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS)
}
