//go:build unix

package imagefs

import (
	"errors"

	"golang.org/x/sys/unix"
)

func classify(err error) fault {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return faultOther
	}
	switch errno {
	case unix.EROFS:
		return faultReadOnly
	case unix.ENOSPC, unix.EDQUOT:
		return faultNoSpace
	case unix.EBUSY, unix.ETXTBSY:
		return faultInUse
	case unix.ENOTSUP, unix.ENOSYS, unix.ENOLCK, unix.EINVAL, unix.ENOTTY:
		return faultUnsupported
	}
	return faultOther
}
