package localdir

import (
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/killpoint"
)

// Rename implements imagefs.Volume.
func (d *Tree) Rename(name, as string) error {
	if err := imagefs.Component(as); err != nil {
		return err
	}
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.Mode().IsRegular() {
		return imagefs.Irregular(p.path, p.info.Mode(), "a regular file")
	}
	switch existing, _, err := match(p.parent.root, p.parent.path, as); {
	case err == nil:
		as = existing
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if info, err := p.parent.root.Lstat(as); err == nil && !info.Mode().IsRegular() {
		return imagefs.Irregular(join(p.parent.path, as), info.Mode(), "a regular file")
	}
	killpoint.Reached("before a rename")
	return failed(imagefs.OpChange, p.path, p.parent.root.Rename(p.name, as))
}

// Link implements imagefs.Linked.
func (d *Tree) Link(name, as string) error {
	if err := imagefs.Component(as); err != nil {
		return err
	}
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.Mode().IsRegular() {
		return imagefs.Irregular(p.path, p.info.Mode(), "a regular file")
	}
	switch _, _, err := match(p.parent.root, p.parent.path, as); {
	case err == nil:
		return failed(imagefs.OpCreate, join(p.parent.path, as), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return failed(imagefs.OpCreate, join(p.parent.path, as), p.parent.root.Link(p.name, as))
}
