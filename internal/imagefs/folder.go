package imagefs

import (
	"errors"
	"io/fs"
)

// Mkdir implements FS.
func (d *directory) Mkdir(name string) error {
	parent, base, err := d.findParent(name)
	if err != nil {
		return err
	}
	defer parent.close()
	switch existing, err := match(parent.root, parent.path, base); {
	case err == nil:
		return failed(opCreate, join(parent.path, existing), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	const onlyOwner = 0o700
	return failed(opCreate, join(parent.path, base), parent.root.Mkdir(base, onlyOwner))
}

// RemoveDir implements FS.
func (d *directory) RemoveDir(name string) error {
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.IsDir() || p.name == "." {
		return irregular(p.path, p.info.Mode(), "a directory below the image's own")
	}
	dir, err := p.parent.enter(p.name)
	if err != nil {
		return err
	}
	// Asked first, so that a file that has taken the name meanwhile is all that an enemy could make us remove.
	empty := true
	err = eachEntry(dir.root, ".", func(fs.DirEntry) { empty = false })
	dir.close()
	switch {
	case err != nil:
		return failed(opRead, p.path, err)
	case !empty:
		return failed(opRemove, p.path, errNotEmpty)
	}
	return failed(opRemove, p.path, p.parent.root.Remove(p.name))
}

// errNotEmpty is the cause when a directory to be removed holds something.
var errNotEmpty = errors.New("the directory is not empty")
