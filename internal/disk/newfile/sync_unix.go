//go:build !windows

package newfile

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder flushes a folder. File systems that cannot (some of FUSE and SMB) return EINVAL or ENOTSUP, which is no
// failure: they have nothing that a flush would write.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
