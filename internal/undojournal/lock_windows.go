package undojournal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffsetHigh puts the one locked byte far behind the end of any journal: locks of Windows are mandatory for the range
// they cover, and the content must stay accessible.
const lockOffsetHigh = 0x7FFFFFFF

// tryLock takes a LockFileEx lock, which ends with the handle.
func tryLock(f *os.File, exclusive bool) (free bool, err error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	err = raw.Control(func(fd uintptr) {
		lockErr = windows.LockFileEx(windows.Handle(fd), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockOffsetHigh})
	})
	switch {
	case err != nil:
		return false, err
	case errors.Is(lockErr, windows.ERROR_LOCK_VIOLATION), errors.Is(lockErr, windows.ERROR_IO_PENDING):
		return false, nil
	}
	return lockErr == nil, lockErr
}

// unlock does nothing: a handle of this program is in no other, and the lock ends with it.
func unlock(*os.File) {}
