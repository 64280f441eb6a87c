package imagefs

import (
	"errors"

	"golang.org/x/sys/windows"
)

func classify(err error) fault {
	var errno windows.Errno
	if !errors.As(err, &errno) {
		return faultOther
	}
	switch errno {
	case windows.ERROR_WRITE_PROTECT:
		return faultReadOnly
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL:
		return faultNoSpace
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_BUSY:
		return faultInUse
	case windows.ERROR_NOT_SUPPORTED, windows.ERROR_INVALID_FUNCTION, windows.ERROR_CALL_NOT_IMPLEMENTED:
		return faultUnsupported
	}
	return faultOther
}
