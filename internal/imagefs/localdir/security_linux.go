package localdir

import (
	"bytes"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// securityAttributes are the extended attributes that hold a file's security descriptor as NTFS stores it: of ntfs-3g
// and of the kernel's ntfs3. Other file systems know neither.
var securityAttributes = [...]string{"system.ntfs_acl", "system.ntfs_security"}

// maxSecurity is the largest value an extended attribute can have on Linux, and a security descriptor on Windows.
const maxSecurity = 64 << 10

func readSecurity(f *os.File) (sd []byte, ok bool, err error) {
	for _, attr := range securityAttributes {
		sd, ok, err = getAttribute(f, attr)
		if ok || err != nil {
			return sd, ok, err
		}
	}
	return nil, false, nil
}

func writeSecurity(f *os.File, sd []byte) (applied bool, err error) {
	for _, attr := range securityAttributes {
		err := control(f, func(fd int) error { return unix.Fsetxattr(fd, attr, sd, 0) })
		if noAttribute(err) {
			continue
		}
		if err != nil {
			return false, err
		}
		kept, ok, err := getAttribute(f, attr)
		return ok && bytes.Equal(kept, sd), err
	}
	return false, nil
}

func getAttribute(f *os.File, attr string) ([]byte, bool, error) {
	buf := make([]byte, maxSecurity)
	var n int
	err := control(f, func(fd int) (err error) {
		n, err = unix.Fgetxattr(fd, attr, buf)
		return err
	})
	if noAttribute(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return buf[:n:n], true, nil
}

func noAttribute(err error) bool { return errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENODATA) }
