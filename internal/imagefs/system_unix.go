//go:build unix

package imagefs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// classify returns the kind of an error of the system, and nil when it is of none.
func classify(err error) error {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return nil
	}
	switch errno {
	case unix.EROFS:
		return ErrReadOnly
	case unix.ENOSPC, unix.EDQUOT:
		return ErrNoSpace
	case unix.EFBIG:
		return ErrTooLarge
	case unix.EBUSY, unix.ETXTBSY:
		return ErrInUse
	case unix.ENOTSUP, unix.ENOSYS, unix.ENOLCK, unix.EINVAL, unix.ENOTTY:
		return ErrUnsupported
	}
	return nil
}
