//go:build unix

package undojournal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes a flock(2) lock, which belongs to this open file and ends with its Close or the process. A file system
// without locks counts as free: who changes an image file holds that file's own lock, too.
func tryLock(f *os.File, exclusive bool) (free bool, err error) {
	how := unix.LOCK_SH | unix.LOCK_NB
	if exclusive {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	err = raw.Control(func(fd uintptr) {
		for lockErr = unix.Flock(int(fd), how); errors.Is(lockErr, unix.EINTR); {
			lockErr = unix.Flock(int(fd), how)
		}
	})
	switch {
	case err != nil:
		return false, err
	case errors.Is(lockErr, unix.EWOULDBLOCK):
		return false, nil
	case errors.Is(lockErr, unix.EOPNOTSUPP), errors.Is(lockErr, unix.ENOSYS), errors.Is(lockErr, unix.ENOLCK):
		return true, nil
	}
	return lockErr == nil, lockErr
}

// unlock gives the lock back. An error is none: closing the file gives it back, too, only later.
func unlock(f *os.File) {
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Flock(int(fd), unix.LOCK_UN) })
	}
}
