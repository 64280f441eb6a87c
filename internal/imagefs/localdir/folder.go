package localdir

import (
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// Mkdir implements imagefs.Volume.
func (d *Tree) Mkdir(name string) error {
	parent, base, err := d.findParent(name)
	if err != nil {
		return err
	}
	defer parent.close()
	switch existing, _, err := match(parent.root, parent.path, base); {
	case err == nil:
		return failed(imagefs.OpCreate, join(parent.path, existing), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	const onlyOwner = 0o700
	return failed(imagefs.OpCreate, join(parent.path, base), parent.root.Mkdir(base, onlyOwner))
}

// RemoveDir implements imagefs.Volume.
func (d *Tree) RemoveDir(name string) error {
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.IsDir() || p.name == "." {
		return imagefs.Irregular(p.path, p.info.Mode(), "a directory below the image's own")
	}
	dir, err := p.parent.enter(p.name)
	if err != nil {
		return err
	}
	// Asked first, so that a file that has taken the name meanwhile is all that an enemy could make us remove.
	empty := true
	d.held.drop() // it may be the one that goes
	err = eachEntry(dir.root, func(fs.DirEntry) bool {
		empty = false
		return false
	})
	dir.close()
	switch {
	case err != nil:
		return failed(imagefs.OpRead, p.path, err)
	case !empty:
		return failed(imagefs.OpRemove, p.path, imagefs.ErrNotEmpty)
	}
	return failed(imagefs.OpRemove, p.path, p.parent.root.Remove(p.name))
}
