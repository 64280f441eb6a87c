//go:build unix

package ledger

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// noFollow: a link is not opened, and a pipe does not wait for a writer.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

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
