package localdir

import (
	"io/fs"
	"os"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// level is one directory on the way to a file, held open.
type level struct {
	root   *os.Root
	path   string
	folder *folder // of root; nil: the tree's own directory
}

func (l level) close() {
	if l.folder != nil {
		l.folder.release()
	}
}

// entry is a name that was found: its directory, held open, and what was there when it was looked at.
type entry struct {
	parent level
	name   string // as the image spells it
	path   string
	info   fs.FileInfo // of the entry itself; a regular file or a directory
}

func (p entry) close() { p.parent.close() }

// find looks a name up. The entry must be closed.
func (d *Tree) find(name string) (entry, error) {
	if name == "." {
		info, err := d.root.Lstat(".")
		return entry{parent: level{root: d.root, path: d.path}, name: ".", path: d.path, info: info},
			failed(imagefs.OpOpen, d.path, err)
	}
	parent, base, err := d.findParent(name)
	if err != nil {
		return entry{}, err
	}
	p, err := parent.look(base)
	if err != nil {
		parent.close()
		return entry{}, err
	}
	return p, nil
}

// findParent walks to the directory that holds name. The level must be closed.
func (d *Tree) findParent(name string) (l level, base string, err error) {
	parts, err := imagefs.Components(name)
	if err != nil {
		return level{}, "", err
	}
	if len(parts) == 0 {
		return level{}, "", winerr.Errorf(winerr.InvalidParameter, "%s is the image itself, not a file in it", d)
	}
	base = parts[len(parts)-1]
	if len(parts) == 1 {
		return level{root: d.root, path: d.path}, base, nil
	}
	dir := path.Dir(name)
	if l, found := d.held.get(dir); found {
		return l, base, nil
	}
	if l, err = d.descend(parts[:len(parts)-1]); err == nil {
		d.held.keep(dir, l)
	}
	return l, base, err
}

// findDir walks to a directory. The level must be closed.
func (d *Tree) findDir(name string) (level, error) {
	parts, err := imagefs.Components(name)
	if err != nil {
		return level{}, err
	}
	return d.descend(parts)
}

func (d *Tree) descend(parts []string) (level, error) {
	l := level{root: d.root, path: d.path}
	for _, part := range parts {
		next, err := l.enter(part)
		l.close()
		if err != nil {
			return level{}, err
		}
		l = next
	}
	return l, nil
}

// look finds one entry of the directory and refuses what is neither a regular file nor a directory.
func (l level) look(name string) (entry, error) {
	name, info, err := match(l.root, l.path, name)
	if err != nil {
		return entry{}, err
	}
	p := entry{parent: l, name: name, path: join(l.path, name), info: info}
	if t := p.info.Mode().Type(); t != 0 && t != fs.ModeDir {
		return entry{}, imagefs.Irregular(p.path, t, "a file or directory")
	}
	return p, nil
}

// enter opens a directory below l, and makes sure that it is the one that was looked at.
func (l level) enter(name string) (level, error) {
	p, err := l.look(name)
	if err != nil {
		return level{}, err
	}
	if !p.info.IsDir() {
		return level{}, imagefs.Irregular(p.path, p.info.Mode(), "a directory")
	}
	root, err := l.root.OpenRoot(p.name)
	if err != nil {
		return level{}, failed(imagefs.OpOpen, p.path, err)
	}
	if err := unchanged(root, p.info); err != nil {
		root.Close()
		return level{}, failed(imagefs.OpOpen, p.path, err)
	}
	return level{root: root, path: p.path, folder: &folder{root: root, users: 1}}, nil
}

func unchanged(root *os.Root, looked fs.FileInfo) error {
	now, err := root.Stat(".")
	if err != nil {
		return err
	}
	if !os.SameFile(now, looked) {
		return errChanged
	}
	return nil
}

// open opens the regular file at a entry, and makes sure that it is the one that was looked at. openFlags keeps the
// open itself from following a link or waiting for a pipe's other end.
func (p entry) open(flag int, o imagefs.Op, c *cost) (*file, error) {
	if !p.info.Mode().IsRegular() {
		return nil, imagefs.Irregular(p.path, p.info.Mode(), "a regular file")
	}
	f, err := p.parent.root.OpenFile(p.name, flag|openFlags, 0)
	if err != nil {
		return nil, failed(o, p.path, err)
	}
	now, err := f.Stat()
	if err == nil && (!now.Mode().IsRegular() || !os.SameFile(now, p.info)) {
		err = errChanged
	}
	if err != nil {
		f.Close()
		return nil, failed(o, p.path, err)
	}
	return &file{f: f, name: p.name, path: p.path, cost: c}, nil
}
