package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// below opens the backing file that the image at path names. The format in the header counts, never the file's content: what
// a guest wrote into a raw disk must not make it a qcow2 image that names other files.
func (c *chain) below(ctx context.Context, path string, b qcow2.Backing) (container.Disk, error) {
	if !known(b.Format) {
		return nil, cannotUse(fmt.Sprintf("its backing file is of the format %q", b.Format))
	}
	name, err := backingPath(path, b.Name)
	if err != nil {
		return nil, err
	}
	d, err := c.open(ctx, name, lock.Read, b.Format)
	_, refused := errors.AsType[*container.Refused](err) // of a file further below
	switch denied := errors.Is(err, fs.ErrPermission); {
	case refused:
	case denied:
		return nil, &container.Refused{Kind: container.BackingMissing, Detail: err.Error(), Err: fs.ErrPermission}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &container.Refused{Kind: container.BackingMissing, Detail: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func known(f container.Format) bool {
	switch f {
	case container.Raw, container.QCOW2, container.VHDX, container.VHD, container.VMDK:
		return true
	default:
		return false
	}
}

// backingPath turns the name in a header into a path: a relative one is relative to the folder of the image, by the name
// that the image was opened by, as qemu does it. Names of qemu's protocols ("json:…", "nbd://…", also "file:…") are refused.
func backingPath(image, name string) (string, error) {
	if strings.ContainsRune(name, 0) {
		return "", &container.Refused{Kind: container.BackingName, Detail: fmt.Sprintf("%q", name)}
	}
	if before, _, found := strings.Cut(name, ":"); found && !strings.ContainsAny(before, `/\`) && !drive(before) {
		return "", &container.Refused{
			Kind:   container.BackingName,
			Detail: fmt.Sprintf("%q: change it with qemu-img rebase -u -b PATH -F FORMAT, or convert the image", name),
		}
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	folder, _ := filepath.Split(image) // neither cleaned: ".." behind a symbolic link is for the system to follow
	return folder + filepath.FromSlash(name), nil
}

// drive reports whether what stands before a colon is a drive letter of Windows.
func drive(before string) bool { return runtime.GOOS == "windows" && len(before) == 1 }
