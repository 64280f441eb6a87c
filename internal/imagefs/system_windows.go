package imagefs

import (
	"errors"

	"golang.org/x/sys/windows"
)

// classify returns the kind of an error of the system, and nil when it is of none.
func classify(err error) error {
	var errno windows.Errno
	if !errors.As(err, &errno) {
		return nil
	}
	switch errno {
	case windows.ERROR_WRITE_PROTECT:
		return ErrReadOnly
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL:
		return ErrNoSpace
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_BUSY:
		return ErrInUse
	case windows.ERROR_NOT_SUPPORTED, windows.ERROR_INVALID_FUNCTION, windows.ERROR_CALL_NOT_IMPLEMENTED:
		return ErrUnsupported
	}
	return nil
}
