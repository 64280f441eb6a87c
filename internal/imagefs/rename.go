package imagefs

import (
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Rename implements FS.
func (d *directory) Rename(name, as string) error {
	if parts, err := components(as); err != nil || len(parts) != 1 {
		return winerr.Errorf(winerr.InvalidParameter, "%q is not the name of a file", as)
	}
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.Mode().IsRegular() {
		return irregular(p.path, p.info.Mode(), "a regular file")
	}
	switch existing, err := match(p.parent.root, p.parent.path, as); {
	case err == nil:
		as = existing
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if info, err := p.parent.root.Lstat(as); err == nil && !info.Mode().IsRegular() {
		return irregular(join(p.parent.path, as), info.Mode(), "a regular file")
	}
	return failed(opChange, p.path, p.parent.root.Rename(p.name, as))
}
