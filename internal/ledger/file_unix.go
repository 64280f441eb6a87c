//go:build unix

package ledger

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// noFollow: a link is not opened, and a pipe does not wait for a writer.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// syncFolder makes the name of a new file durable. File systems that cannot say so with EINVAL or ENOTSUP.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return nil // not readable, but the file in it is written
	}
	defer d.Close() // only read
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// replaceable reports whether another file can take the place of an open one without anybody noticing: it is this user's
// own, has one name, and no access list.
func replaceable(f *os.File, info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && st.Nlink == 1 && !hasAccessList(f)
}

// replacesOpen: a file that is open can be replaced.
const replacesOpen = true

// lockContent waits until nobody else has a lock on an open file itself; see [file.openAlone]. Hardly anybody has, so asking
// again is enough. The error is that of ctx when it ends before. A file system without such locks has none of others.
func lockContent(ctx context.Context, f *os.File) error {
	const pause = 5 * time.Millisecond
	if !readersStay(f) {
		return nil
	}
	for {
		err := flockOf(f, unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil, errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK):
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unlockContent gives the lock back before the file closes: a child between fork and exec may have it open, too.
func unlockContent(f *os.File) { _ = flockOf(f, unix.LOCK_UN) }

func flockOf(f *os.File, how int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) {
		for err = unix.Flock(int(fd), how); errors.Is(err, unix.EINTR); {
			err = unix.Flock(int(fd), how)
		}
	})
	return errors.Join(failed, err)
}

// deleted reports whether an open file has no name any more. Some file systems count no names, so Linux is asked, too; nowhere
// else is a file mounted by itself.
func deleted(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Nlink > 0 {
		return false
	}
	name, err := os.Readlink("/proc/self/fd/" + strconv.FormatUint(uint64(f.Fd()), 10))
	return err == nil && strings.HasSuffix(name, " (deleted)")
}

// sameMode gives a new file the mode and the group of another.
func sameMode(f *os.File, info os.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.ErrUnsupported
	}
	return errors.Join(f.Chown(-1, int(st.Gid)), f.Chmod(info.Mode().Perm()))
}

// isPrivate reports whether folder is a folder of this user that nobody else can look into.
func isPrivate(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

func userName() string { return strconv.Itoa(os.Geteuid()) }
