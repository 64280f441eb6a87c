//go:build unix

package localdir

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// tryLock takes a flock(2) lock: it belongs to this open file, so two users in one process exclude each other too, and
// it ends with the file's Close or the process.
func tryLock(f *os.File) (bool, error) {
	err := control(f, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, locked(f, err)
	case errors.Is(imagefs.FromSystem(err), imagefs.ErrUnsupported):
		return false, nil
	}
	return false, err
}

// unlock gives the lock back. An error is none: closing the file gives it back, too, only later.
func unlock(f *os.File) {
	_ = control(f, func(fd int) error { return unix.Flock(fd, unix.LOCK_UN) })
}

func locked(f *os.File, err error) error {
	return winerr.Errorf(winerr.Busy, "another offlinejoin is working on %s: wait until it is done and try again: %w",
		plaintext.Line(f.Name(), 0), err)
}
