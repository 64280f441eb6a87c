package localdir

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// lockOffsetHigh puts the one locked byte far behind the end of any hive: locks of Windows are mandatory for the range
// they cover, and the file's content must stay accessible.
const lockOffsetHigh = 0x7FFFFFFF

// tryLock takes a LockFileEx lock, which ends with the handle.
func tryLock(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := control(f, func(h windows.Handle) error {
		return windows.LockFileEx(h, flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockOffsetHigh})
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, winerr.Errorf(winerr.Busy,
			"another offlinejoin is working on %s: wait until it is done and try again: %w",
			plaintext.Line(f.Name(), 0), err)
	case errors.Is(imagefs.FromSystem(err), imagefs.ErrUnsupported):
		return false, nil
	}
	return false, err
}

// unlock does nothing: a handle of this program is in no other, and the lock ends with it.
func unlock(*os.File) {}
