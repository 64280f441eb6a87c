//go:build unix

package localdir

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// openFlags: os.Root adds O_NOFOLLOW by itself and resolves links in its own way, which place.open notices afterwards.
// O_NONBLOCK keeps the open of a pipe from waiting for ever; it means nothing to a regular file.
const openFlags = unix.O_NOFOLLOW | unix.O_NONBLOCK

// syncDirectory makes a directory's names durable. File systems that cannot (some network and FUSE ones) say so with an
// error that is not a failure.
func syncDirectory(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(imagefs.FromSystem(err), imagefs.ErrUnsupported) {
		return err
	}
	return nil
}
