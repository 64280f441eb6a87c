//go:build !linux && !windows

package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openLocked takes a lock of flock's kind, which qemu on these systems neither takes nor respects.
func openLocked(path string, m Mode) (*File, error) {
	flag, how := os.O_RDONLY, unix.LOCK_SH
	if m == Change {
		flag, how = os.O_RDWR, unix.LOCK_EX
	}
	f, err := os.OpenFile(path, flag|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(&InUseError{Path: path, By: "another program holds it with flock"}, f.Close())
	case errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.EINVAL):
		return &File{File: f, Weak: true}, nil
	case err != nil:
		return nil, errors.Join(&os.PathError{Op: "lock", Path: path, Err: err}, f.Close())
	}
	return &File{File: f}, nil
}

// release gives back the lock. An error is none: closing the file gives it back, too, only later.
func release(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// share drops the lock: qemu on these systems takes none of this kind, and its own go beside it.
func share(*os.File) error { return nil }
