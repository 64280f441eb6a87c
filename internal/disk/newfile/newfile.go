package newfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that has not got its name yet. It is open for reading and writing.
type File struct {
	*os.File
	dst  string
	temp string // its name for the time being; "" when it has none
	done bool

	secret []span
	layer  Layer // nil: the file itself
}

// Layer is what a new file is written through.
type Layer interface {
	Write(p []byte) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Truncate(size int64) error
	Sync() error
}

// Through makes all that is written to the file from now on go through a layer over it, such as one that fails; nil is none.
func (f *File) Through(over func(Layer) Layer) {
	if over != nil {
		f.layer = over(f.File)
	}
}

// writes returns what the file is written through.
func (f *File) writes() Layer {
	if f.layer != nil {
		return f.layer
	}
	return f.File
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return f.writes().Write(p) }

// WriteAt implements io.WriterAt.
func (f *File) WriteAt(p []byte, off int64) (int, error) { return f.writes().WriteAt(p, off) }

// Truncate sets the size of the file.
func (f *File) Truncate(size int64) error { return f.writes().Truncate(size) }

// Sync flushes the file.
func (f *File) Sync() error { return f.writes().Sync() }

// span is a range of the file.
type span struct{ off, n int64 }

// Create makes an empty file that is going to be called dst, readable and writable by its owner only; on Windows by whom the folder
// says. It returns an error that matches [fs.ErrExist] when dst exists, also as a symbolic link to nothing.
func Create(dst string) (*File, error) {
	return CreateBy(dst, ownersFile)
}

func ownersFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// CreateBy is Create with the function that makes a new file, open for reading and writing, where the system has none without a name.
func CreateBy(dst string, create func(path string) (*os.File, error)) (*File, error) {
	if _, err := os.Lstat(dst); err == nil {
		return nil, exists(dst)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := createNameless(filepath.Dir(dst))
	if err == nil {
		return &File{File: f, dst: dst}, nil
	}
	return createNamed(dst, create)
}

// createNamed makes a file with a temporary name beside dst.
func createNamed(dst string, create func(path string) (*os.File, error)) (*File, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	temp := filepath.Join(filepath.Dir(dst), ".offlinejoin-"+hex.EncodeToString(random[:])+".tmp")
	f, err := create(temp)
	if err != nil {
		return nil, err
	}
	return &File{File: f, dst: dst, temp: temp}, nil
}

// Publish flushes the file, gives it its name, closes it and flushes the folder. It returns an error that matches
// [fs.ErrExist] when something got that name in the meantime; the file can then only be discarded. An error after the file
// got its name, from flushing the folder, is a *[SyncError].
func (f *File) Publish() error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.linkAndClose(); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return exists(f.dst)
		}
		return fmt.Errorf("cannot give the new file its name %s: %w", f.dst, err)
	}
	f.done = true
	if err := syncFolder(filepath.Dir(f.dst)); err != nil {
		return &SyncError{Path: f.dst, Err: err}
	}
	return nil
}

// Secret marks n bytes at off, which need not be written yet, as secret: Discard overwrites them with zeros, so that they do
// not stay in free blocks of the file system. A process that is killed leaves them there.
func (f *File) Secret(off, n int64) { f.secret = append(f.secret, span{off, n}) }

// Discard closes the file and, unless it was published, overwrites what is secret in it and removes it. It is meant to be
// called in any case, after a Publish too; a second call does nothing.
func (f *File) Discard() error {
	if f.done {
		return f.closeOnce()
	}
	f.done = true
	err := errors.Join(f.scrub(), f.closeOnce())
	if f.temp == "" {
		return err
	}
	return errors.Join(err, os.Remove(f.temp))
}

func (f *File) closeOnce() error {
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// scrub overwrites the secret ranges as far as the file goes, and flushes that: pages that never reached the disk cost one
// more write. A file that Publish has closed is opened again.
func (f *File) scrub() error {
	if len(f.secret) == 0 {
		return nil
	}
	info, err := f.Stat()
	if errors.Is(err, os.ErrClosed) && f.temp != "" {
		if f.File, err = os.OpenFile(f.temp, os.O_RDWR, 0); err == nil {
			info, err = f.Stat()
		}
	}
	if err != nil {
		return err
	}
	zeros := make([]byte, 64<<10)
	for _, s := range f.secret {
		for end := min(s.off+s.n, info.Size()); s.off < end; {
			n, err := f.WriteAt(zeros[:min(int64(len(zeros)), end-s.off)], s.off)
			if err != nil {
				return err
			}
			s.off += int64(n)
		}
	}
	return f.Sync()
}

// publishNamed closes a file with a temporary name, which Windows demands before a rename, and gives it its own one: by a
// rename that replaces nothing, or where there is none by a hard link.
func (f *File) publishNamed() error {
	err := f.Close()
	if err != nil {
		return err
	}
	err = renameNoReplace(f.temp, f.dst)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		err = os.Link(f.temp, f.dst)
	}
	if err == nil || f.named() {
		if err := os.Remove(f.temp); err != nil {
			return errors.Join(err, os.Remove(f.dst)) // one file with two names would be half a success
		}
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	return reserveAndRename(f.temp, f.dst)
}

// named reports whether the file has its own name already, beside the temporary one: over a network a link can be made although
// the answer is that there is one, or is lost (link(2), open(2)).
func (f *File) named() bool {
	temp, err := os.Lstat(f.temp)
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.dst)
	return err == nil && os.SameFile(temp, named)
}

// reserveAndRename is for file systems with neither hard links nor renames that spare the target: it takes the name with
// an empty file, which nobody else can, and replaces that.
func reserveAndRename(temp, dst string) error {
	reserved, err := os.OpenFile(dst, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := reserved.Close(); err != nil {
		return errors.Join(err, os.Remove(dst))
	}
	if err := os.Rename(temp, dst); err != nil {
		return errors.Join(err, os.Remove(dst))
	}
	return nil
}

// SyncError reports that a file got its name, but that it is not certain that a power failure would leave it there.
type SyncError struct {
	Path string
	Err  error
}

// Error implements error.
func (e *SyncError) Error() string {
	return fmt.Sprintf("%s is complete, but its folder could not be flushed to the disk: %v", e.Path, e.Err)
}

// Unwrap returns the error of the flush.
func (e *SyncError) Unwrap() error { return e.Err }

func exists(dst string) error {
	return fmt.Errorf("%s exists and is not replaced, remove it first: %w", dst, fs.ErrExist)
}
