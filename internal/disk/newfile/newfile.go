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
}

// Create makes an empty file, readable and writable by its owner only, that is going to be called dst. It returns an error
// that matches [fs.ErrExist] when dst exists, also as a symbolic link to nothing.
func Create(dst string) (*File, error) {
	if _, err := os.Lstat(dst); err == nil {
		return nil, exists(dst)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := createNameless(filepath.Dir(dst))
	if err == nil {
		return &File{File: f, dst: dst}, nil
	}
	return createNamed(dst)
}

// createNamed makes a file with a temporary name beside dst.
func createNamed(dst string) (*File, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	temp := filepath.Join(filepath.Dir(dst), ".offlinejoin-"+hex.EncodeToString(random[:])+".tmp")
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
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

// Discard closes the file and, unless it was published, removes it. It is meant for defer, right after Create. Closing
// again after a Close does no harm.
func (f *File) Discard() error {
	err := f.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if f.done || f.temp == "" {
		return err
	}
	f.done = true
	return errors.Join(err, os.Remove(f.temp))
}

// publishNamed closes a file with a temporary name, which Windows demands before a rename, and gives it its own one: by a
// rename that replaces nothing, or where there is none by a hard link.
func (f *File) publishNamed() error {
	err := f.Close()
	if err != nil {
		return err
	}
	err = renameNoReplace(f.temp, f.dst)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	err = os.Link(f.temp, f.dst)
	if err == nil {
		return os.Remove(f.temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	return reserveAndRename(f.temp, f.dst)
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
