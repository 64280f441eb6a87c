//go:build unix

package localdir

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// classify returns the kind of an error of the system, and nil when it is of none.
func classify(err error) error {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return nil
	}
	switch errno {
	case unix.EROFS:
		return imagefs.ErrReadOnly
	case unix.ENOSPC, unix.EDQUOT:
		return imagefs.ErrNoSpace
	case unix.EBUSY, unix.ETXTBSY:
		return imagefs.ErrInUse
	case unix.ENOTSUP, unix.ENOSYS, unix.ENOLCK, unix.EINVAL, unix.ENOTTY:
		return errUnsupported
	}
	return nil
}
