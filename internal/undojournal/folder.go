package undojournal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// Folder is where journals lie: beside the files they belong to, or elsewhere for block devices.
type Folder interface {
	// Create makes an empty journal and locks it. It returns an error that matches fs.ErrExist when the name is taken,
	// and a *[Busy] when somebody else got the lock.
	Create(name string) (Handle, error)

	// Open opens a journal and locks it: to be changed, or against changes only. It returns an error that matches
	// fs.ErrNotExist when there is none, and a *[Busy] when somebody else has the lock.
	Open(name string, change bool) (Handle, error)

	// Sync makes creations and removals durable.
	Sync() error
}

// Handle is an open, locked journal. Close ends the lock.
type Handle interface {
	File
	Remove() error // takes the name out of the folder; the lock stays until Close
	Close() error
}

// OSFolder is a Folder of the operating system.
type OSFolder struct{ root *os.Root }

// OpenFolder opens the folder at path.
func OpenFolder(path string) (*OSFolder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &OSFolder{root}, nil
}

// Close ends the use of the folder. Its journals stay open.
func (d *OSFolder) Close() error { return d.root.Close() }

// Create implements [Folder]. The journal is readable by its owner only.
func (d *OSFolder) Create(name string) (Handle, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	h := &handle{File: f, folder: d, name: name}
	if err := h.lock(true); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Open implements [Folder]. Anything but a regular file is refused: a link could lead to a file of somebody else.
func (d *OSFolder) Open(name string, change bool) (Handle, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrJournal, name)
	}
	flag := os.O_RDONLY
	if change {
		flag = os.O_RDWR
	}
	f, err := d.root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, err
	}
	h := &handle{File: f, folder: d, name: name}
	if err := h.lock(change); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Sync implements [Folder]. Windows has no flush of folders; its file systems journal names themselves (documented).
func (d *OSFolder) Sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// handle is a journal in an OSFolder.
type handle struct {
	*os.File
	folder *OSFolder
	name   string
}

// Size returns the journal's size in bytes.
func (h *handle) Size() (int64, error) {
	info, err := h.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Close implements [Handle]. The lock goes first by itself: a process that this program is starting has a copy of every open file
// until it becomes another program, and closing ours alone would leave the journal locked until then.
func (h *handle) Close() error {
	unlock(h.File)
	return h.File.Close()
}

// Remove implements [Handle].
func (h *handle) Remove() error { return h.folder.root.Remove(h.name) }

// lock takes the lock, and makes sure that the name still leads to this file: who had the lock before may have removed it.
func (h *handle) lock(exclusive bool) error {
	free, err := tryLock(h.File, exclusive)
	if err != nil {
		return fmt.Errorf("locking %s: %w", h.name, err)
	}
	if !free {
		return &Busy{Journal: h.name}
	}
	named, err := h.folder.root.Lstat(h.name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Busy{Journal: h.name}
	}
	if err != nil {
		return err
	}
	mine, err := h.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(named, mine) {
		return &Busy{Journal: h.name}
	}
	return nil
}
