package localdir

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/killpoint"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Tree is one directory of this machine as a volume; its names are relative to it.
type Tree struct {
	root *os.Root
	path string
	cost *cost
	held held
}

var (
	_ imagefs.Volume  = (*Tree)(nil)
	_ imagefs.Secured = (*Tree)(nil)
)

// OpenTree opens a directory. The path up to its parent is the caller's and may lead through links; the directory itself
// belongs to the image and may not be one. Errors carry 2 (not there; the message has the spelling that is), 5, 87 (a
// link or a file) or 2717.
func OpenTree(path string) (*Tree, error) { return openTree(path, new(cost)) }

func openTree(path string, c *cost) (*Tree, error) {
	path = filepath.Clean(path)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noDirectory(path)
	}
	if err != nil {
		return nil, failed(imagefs.OpOpen, path, err)
	}
	if info.Mode().Type() != fs.ModeDir {
		if info.Mode().IsRegular() {
			return nil, imagefs.NoWindows(path)
		}
		return nil, imagefs.Irregular(path, info.Mode(), "a directory")
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, failed(imagefs.OpOpen, path, err)
	}
	if err := unchanged(root, info); err != nil {
		root.Close()
		return nil, failed(imagefs.OpOpen, path, err)
	}
	return &Tree{root: root, path: path, cost: c}, nil
}

// noDirectory names the directory the user may have meant: the same in another case.
func noDirectory(path string) error {
	dir := filepath.Dir(path)
	if parent, err := os.OpenRoot(dir); err == nil {
		defer parent.Close()
		if name, _, err := match(parent, dir, filepath.Base(path)); err == nil {
			return winerr.Errorf(winerr.FileNotFound, "%s does not exist: did you mean %s? %w",
				plaintext.Line(path, 0), called(dir, name), fs.ErrNotExist)
		}
	}
	return winerr.Errorf(winerr.FileNotFound, "%s does not exist: is the image mounted there? %w", plaintext.Line(path, 0),
		fs.ErrNotExist)
}

// maxEntries bounds how many names of one directory are looked at. A real System32 has about 5,000 and WinSxS 20,000.
const maxEntries = 1 << 20

// match returns how the directory spells name, by the rules of [imagefs.Match], and what is there.
func match(dir *os.Root, dirPath, name string) (spelt string, info fs.FileInfo, err error) {
	if info, err = dir.Lstat(name); err == nil {
		return name, info, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", nil, failed(imagefs.OpOpen, join(dirPath, name), err)
	}
	var listing error
	spelt, err = imagefs.Match(dirPath, name, names(dir, &listing))
	if listing != nil {
		return "", nil, failed(imagefs.OpRead, dirPath, listing)
	}
	if err != nil {
		return "", nil, failed(imagefs.OpOpen, join(dirPath, name), err)
	}
	info, err = dir.Lstat(spelt)
	return spelt, info, failed(imagefs.OpOpen, join(dirPath, spelt), err)
}

// names iterates over the names in a directory; err gets what stops it before the end.
func names(dir *os.Root, err *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		*err = eachEntry(dir, func(e fs.DirEntry) bool { return yield(e.Name()) })
	}
}

// eachEntry calls f for the entries of a directory, in the directory's order, until f returns false.
func eachEntry(dir *os.Root, f func(fs.DirEntry) bool) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	const batch = 1024
	for seen := 0; seen < maxEntries; {
		entries, err := d.ReadDir(batch)
		for _, e := range entries {
			if !f(e) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		seen += len(entries)
	}
	return errors.New("the directory has too many entries")
}

// String returns the path of the directory.
func (d *Tree) String() string { return plaintext.Line(d.path, 0) }

// Path implements imagefs.Volume.
func (d *Tree) Path(name string) string { return called(d.path, name) }

// called returns what messages call a name in a folder: both may be of somebody who wants to act on a terminal.
func called(folder, name string) string { return plaintext.Line(join(folder, name), 0) }

func join(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }

// Close releases the directory.
func (d *Tree) Close() error {
	d.held.drop()
	return d.root.Close()
}

// Stat implements imagefs.Volume.
func (d *Tree) Stat(name string) (imagefs.Info, error) {
	p, err := d.find(name)
	if err != nil {
		return imagefs.Info{}, err
	}
	defer p.close()
	if p.info.IsDir() {
		return imagefs.Info{Name: p.name, IsDir: true, Links: 1}, nil
	}
	f, err := p.open(os.O_RDONLY, imagefs.OpOpen, d.cost)
	if err != nil {
		return imagefs.Info{}, err
	}
	defer f.Close()
	return f.Stat()
}

// Open implements imagefs.Volume.
func (d *Tree) Open(name string) (imagefs.File, error) {
	return d.openFile(name, os.O_RDONLY, imagefs.OpOpen)
}

// OpenWrite implements imagefs.Volume.
func (d *Tree) OpenWrite(name string) (imagefs.File, error) {
	return d.openFile(name, os.O_RDWR, imagefs.OpChange)
}

func (d *Tree) openFile(name string, flag int, o imagefs.Op) (*file, error) {
	p, err := d.find(name)
	if err != nil {
		return nil, err
	}
	defer p.close()
	return p.open(flag, o, d.cost)
}

// Create implements imagefs.Volume.
func (d *Tree) Create(name string) (imagefs.File, error) {
	killpoint.Reached("before a new file")
	parent, base, err := d.findParent(name)
	if err != nil {
		return nil, err
	}
	defer parent.close()
	switch existing, _, err := match(parent.root, parent.path, base); {
	case err == nil:
		return nil, failed(imagefs.OpCreate, join(parent.path, existing), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	path := join(parent.path, base)
	const onlyOwner = 0o600
	f, err := parent.root.OpenFile(base, os.O_RDWR|os.O_CREATE|os.O_EXCL, onlyOwner)
	if err != nil {
		return nil, failed(imagefs.OpCreate, path, err)
	}
	return &file{f: f, name: base, path: path, cost: d.cost}, nil
}

// Remove implements imagefs.Volume.
func (d *Tree) Remove(name string) error {
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.Mode().IsRegular() {
		return imagefs.Irregular(p.path, p.info.Mode(), "a regular file")
	}
	return failed(imagefs.OpRemove, p.path, p.parent.root.Remove(p.name))
}

// ReadDir implements imagefs.Volume.
func (d *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	l, err := d.findDir(name)
	if err != nil {
		return nil, err
	}
	defer l.close()
	var entries []fs.DirEntry
	err = eachEntry(l.root, func(e fs.DirEntry) bool {
		entries = append(entries, e)
		return true
	})
	if err != nil {
		return nil, failed(imagefs.OpRead, l.path, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// SyncDir implements imagefs.Volume.
func (d *Tree) SyncDir(name string) error {
	l, err := d.findDir(name)
	if err != nil {
		return err
	}
	defer l.close()
	d.cost.synced()
	return failed(imagefs.OpWrite, l.path, syncDirectory(l.root))
}

// Security implements imagefs.Secured.
func (d *Tree) Security(name string) ([]byte, bool, error) {
	f, err := d.openFile(name, os.O_RDONLY, imagefs.OpReadSecurity)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	sd, ok, err := readSecurity(f.f)
	return sd, ok, failed(imagefs.OpReadSecurity, f.path, err)
}

// SetSecurity implements imagefs.Secured.
func (d *Tree) SetSecurity(name string, sd []byte) (bool, error) {
	f, err := d.openFile(name, os.O_RDONLY, imagefs.OpSetSecurity)
	if err != nil {
		return false, err
	}
	defer f.Close()
	applied, err := writeSecurity(f.f, sd)
	return applied, failed(imagefs.OpSetSecurity, f.path, err)
}

// Attributes implements imagefs.Attributed.
func (d *Tree) Attributes(name string) (imagefs.Attributes, error) {
	p, err := d.find(name)
	if err != nil {
		return imagefs.Attributes{}, err
	}
	defer p.close()
	return imagefs.Attributes{Mode: p.info.Mode().Perm(), ModTime: p.info.ModTime()}, nil
}

// SetAttributes implements imagefs.Attributed.
func (d *Tree) SetAttributes(name string, a imagefs.Attributes) error {
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.Mode().IsRegular() {
		return imagefs.Irregular(p.path, p.info.Mode(), "a regular file")
	}
	if a.DOS == nil { // else there is no mode
		if err := p.parent.root.Chmod(p.name, a.Mode.Perm()); err != nil {
			return failed(imagefs.OpChange, p.path, err)
		}
	}
	if a.ModTime.IsZero() {
		return nil
	}
	return failed(imagefs.OpChange, p.path, p.parent.root.Chtimes(p.name, a.ModTime, a.ModTime))
}
