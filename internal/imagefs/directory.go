package imagefs

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// directory is an image whose Windows directory is a directory of this machine.
type directory struct {
	root *os.Root
	path string
}

var _ FS = (*directory)(nil)

// Directory returns the image whose Windows directory is at windowsPath, such as /mnt/web01/Windows. The path up to its
// parent is the caller's and may lead through links; the Windows directory itself belongs to the image and may not be
// one.
func Directory(windowsPath string) (FS, error) {
	if windowsPath == "" {
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"no Windows directory was given: name the image's, such as /mnt/web01/Windows")
	}
	path := filepath.Clean(windowsPath)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noDirectory(path, err)
	}
	if err != nil {
		return nil, failed(opOpen, path, err)
	}
	if info.Mode().Type() != fs.ModeDir {
		return nil, irregular(path, info.Mode(), "a directory")
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, failed(opOpen, path, err)
	}
	if err := unchanged(root, info); err != nil {
		root.Close()
		return nil, failed(opOpen, path, err)
	}
	return &directory{root: root, path: path}, nil
}

// noDirectory names the directory the user may have meant: the same in another case.
func noDirectory(path string, err error) error {
	err = innermost(err)
	if parent, openErr := os.OpenRoot(filepath.Dir(path)); openErr == nil {
		defer parent.Close()
		if name, matchErr := match(parent, filepath.Dir(path), filepath.Base(path)); matchErr == nil {
			return winerr.Errorf(winerr.FileNotFound, "%s does not exist: did you mean %s? %w",
				path, filepath.Join(filepath.Dir(path), name), err)
		}
	}
	return winerr.Errorf(winerr.FileNotFound, "%s does not exist: is the image mounted there? %w", path, err)
}

// String implements FS.
func (d *directory) String() string { return d.path }

// Path implements FS.
func (d *directory) Path(name string) string { return join(d.path, name) }

func join(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }

// Close implements FS.
func (d *directory) Close() error { return d.root.Close() }

// Stat implements FS.
func (d *directory) Stat(name string) (Info, error) {
	p, err := d.find(name)
	if err != nil {
		return Info{}, err
	}
	defer p.close()
	if p.info.IsDir() {
		return Info{Name: p.name, IsDir: true, Links: 1}, nil
	}
	f, err := p.open(os.O_RDONLY, opOpen)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	return f.Stat()
}

// Open implements FS.
func (d *directory) Open(name string) (File, error) { return d.openFile(name, os.O_RDONLY, opOpen) }

// OpenWrite implements FS.
func (d *directory) OpenWrite(name string) (File, error) {
	return d.openFile(name, os.O_RDWR, opChange)
}

func (d *directory) openFile(name string, flag int, o op) (*file, error) {
	p, err := d.find(name)
	if err != nil {
		return nil, err
	}
	defer p.close()
	return p.open(flag, o)
}

// Create implements FS.
func (d *directory) Create(name string) (File, error) {
	parent, base, err := d.findParent(name)
	if err != nil {
		return nil, err
	}
	defer parent.close()
	switch existing, err := match(parent.root, parent.path, base); {
	case err == nil:
		return nil, failed(opCreate, join(parent.path, existing), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	path := join(parent.path, base)
	const onlyOwner = 0o600
	f, err := parent.root.OpenFile(base, os.O_RDWR|os.O_CREATE|os.O_EXCL, onlyOwner)
	if err != nil {
		return nil, failed(opCreate, path, err)
	}
	return &file{f: f, name: base, path: path}, nil
}

// Remove implements FS.
func (d *directory) Remove(name string) error {
	p, err := d.find(name)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.info.Mode().IsRegular() {
		return irregular(p.path, p.info.Mode(), "a regular file")
	}
	return failed(opRemove, p.path, p.parent.root.Remove(p.name))
}

// ReadDir implements FS.
func (d *directory) ReadDir(name string) ([]fs.DirEntry, error) {
	l, err := d.findDir(name)
	if err != nil {
		return nil, err
	}
	defer l.close()
	var entries []fs.DirEntry
	if err := eachEntry(l.root, ".", func(e fs.DirEntry) { entries = append(entries, e) }); err != nil {
		return nil, failed(opRead, l.path, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// SyncDir implements FS.
func (d *directory) SyncDir(name string) error {
	l, err := d.findDir(name)
	if err != nil {
		return err
	}
	defer l.close()
	return failed(opWrite, l.path, syncDirectory(l.root))
}

// Security implements FS.
func (d *directory) Security(name string) ([]byte, bool, error) {
	f, err := d.openFile(name, os.O_RDONLY, opGetSec)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	sd, ok, err := readSecurity(f.f)
	return sd, ok, failed(opGetSec, f.path, err)
}

// SetSecurity implements FS.
func (d *directory) SetSecurity(name string, sd []byte) (bool, error) {
	f, err := d.openFile(name, os.O_RDONLY, opSetSec)
	if err != nil {
		return false, err
	}
	defer f.Close()
	applied, err := writeSecurity(f.f, sd)
	return applied, failed(opSetSec, f.path, err)
}
