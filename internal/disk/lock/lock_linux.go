package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// The permissions of qemu's block layer (include/block/block-common.h), as bits of a mask. A process holds byte
// heldBase+bit for each permission that it uses and byte refusedBase+bit for each that it allows nobody else.
const (
	permConsistentRead = 0
	permWrite          = 1
	permResize         = 3
	heldBase           = 100
	refusedBase        = 200
)

// claim is what a mode holds and what it refuses to others.
type claim struct{ held, refused []int64 }

func claimOf(m Mode) claim {
	if m == Change {
		return claim{
			held:    []int64{permConsistentRead, permWrite, permResize},
			refused: []int64{permConsistentRead, permWrite, permResize},
		}
	}
	return claim{held: []int64{permConsistentRead}, refused: []int64{permWrite, permResize}}
}

func openLocked(path string, m Mode) (*File, error) {
	flag := os.O_RDONLY
	if m == Change {
		flag = os.O_RDWR
	}
	f, err := openExclusive(path, flag)
	if err != nil {
		return nil, err
	}
	weak, err := lockBytes(f, claimOf(m))
	if err != nil {
		if errors.Is(err, errConflict) {
			err = &InUseError{Path: path, By: "another program holds it with a lock of qemu's kind"}
		}
		return nil, errors.Join(err, (&File{File: f}).Close())
	}
	return &File{File: f, Weak: weak}, nil
}

// openExclusive opens path without waiting for the other end of a pipe, and a block device so that nobody else may mount it
// or open it exclusively.
func openExclusive(path string, flag int) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeType == os.ModeDevice {
		flag |= unix.O_EXCL
	}
	f, err := os.OpenFile(path, flag|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EBUSY) {
		return nil, &InUseError{Path: path, By: "the device is mounted or exclusively open"}
	}
	return f, err
}

var errConflict = errors.New("the image is in use")

// lockBytes takes the locks and then looks for conflicting ones of others, in this order, as qemu does: of two that come at
// the same time at least one sees the other. It reports weak when the file system has no such locks.
func lockBytes(f *os.File, c claim) (weak bool, err error) {
	for base, bits := range map[int64][]int64{heldBase: c.held, refusedBase: c.refused} {
		for _, bit := range bits {
			lk := unix.Flock_t{Type: unix.F_RDLCK, Start: base + bit, Len: 1}
			err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lk)
			switch {
			case noLocks(err):
				return true, nil
			case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES):
				return false, errConflict // somebody holds the byte exclusively, which is not qemu's way
			case err != nil:
				return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
			}
		}
	}
	for base, bits := range map[int64][]int64{refusedBase: c.held, heldBase: c.refused} {
		for _, bit := range bits {
			if err := othersLock(f, base+bit); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// othersLock returns errConflict when another open file description locks the byte.
func othersLock(f *os.File, at int64) error {
	lk := unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lk); err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	if lk.Type != unix.F_UNLCK {
		return errConflict
	}
	return nil
}

func noLocks(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.EOPNOTSUPP) ||
		errors.Is(err, unix.ENOSYS)
}

// release gives back what openLocked took. An error is none: closing the file gives the locks back, too, only later.
func release(f *os.File) {
	for _, base := range []int64{heldBase, refusedBase} {
		lk := unix.Flock_t{Type: unix.F_UNLCK, Start: base, Len: permResize + 1}
		_ = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lk)
	}
}

// share drops all locks but the one that the file is read.
func share(f *os.File) error {
	for base, bits := range map[int64][]int64{
		heldBase: {permWrite, permResize}, refusedBase: {permConsistentRead, permWrite, permResize},
	} {
		for _, bit := range bits {
			lk := unix.Flock_t{Type: unix.F_UNLCK, Start: base + bit, Len: 1}
			if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lk); err != nil && !noLocks(err) {
				return &os.PathError{Op: "unlock", Path: f.Name(), Err: err}
			}
		}
	}
	return nil
}
