package diskimage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Held is a disk image file that others cannot change, whatever is in it and whatever became of the files below it.
type Held struct {
	path string
	file *lock.File
	info fs.FileInfo
}

// Hold opens the file at path, waiting for others up to wait: exclusively, or else beside others that only read it. Nothing is
// undone or completed in it. The error is 170 while somebody has it, and 2 when it is not there.
func Hold(ctx context.Context, path string, exclusive bool, wait time.Duration) (*Held, error) {
	mode := lock.Read
	if exclusive {
		mode = lock.Change
	}
	file, err := lock.Open(ctx, path, mode, lock.Options{Wait: wait})
	if err != nil {
		return nil, coded(imagefs.OpOpen, path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(imagefs.Wrap(imagefs.OpOpen, path, err), file.Close())
	}
	return &Held{path, file, info}, nil
}

// Weak reports that the file system has no locks, so that somebody else may have the file open all the same.
func (h *Held) Weak() bool { return h.file.Weak }

// Whole returns the mark of the file with the digest of all its bytes.
func (h *Held) Whole() (imagefs.FileMark, error) {
	m := imagefs.FileMark{Path: h.path, Size: h.info.Size(), ModTime: h.info.ModTime().UTC()}
	var err error
	m.SHA256, err = digestOf(h.file, m.Size)
	return m, coded(imagefs.OpOpen, h.path, err)
}

// Size returns the size of the file in bytes.
func (h *Held) Size() int64 { return h.info.Size() }

// Remove removes the file. It fails where something else has its name by now, or where it has another name as well.
func (h *Held) Remove() error { return removeFile(h.path, h.file.File) }

// Close gives the file back.
func (h *Held) Close() error { return h.file.Close() }

// HasJournal reports whether an interrupted edit of the file at path has left its journal.
func HasJournal(path string) bool {
	journal, err := journalBeside(path)
	if err == nil {
		_, err = os.Lstat(journal)
	}
	return err == nil
}

// RemoveFile implements imagefs.DiskFile.
func (s *Session) RemoveFile() error {
	if !s.inPlace() || s.mode != imagefs.Write || s.image.FilePath() != s.image.Path() {
		return winerr.Errorf(winerr.InvalidParameter, "%s is not open for removing it: this is a defect of this program", s.shown())
	}
	return removeFile(s.path(), s.image.File())
}

// removeFile removes the name of an open file that is locked, while it is. On Windows, where a file that is open cannot be
// removed, the lock goes before that.
func removeFile(path string, f *os.File) error {
	if err := onlyName(path, f); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		if err := f.Close(); err != nil {
			return imagefs.Wrap(imagefs.OpRemove, path, err)
		}
	}
	if err := os.Remove(path); err != nil {
		return imagefs.Wrap(imagefs.OpRemove, path, err)
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// onlyName refuses a path that leads to the file in another way than by its only name.
func onlyName(path string, f *os.File) error {
	open, err := f.Stat()
	if err != nil {
		return imagefs.Wrap(imagefs.OpRemove, path, err)
	}
	named, err := os.Lstat(path)
	switch {
	case err != nil:
		return imagefs.Wrap(imagefs.OpRemove, path, err)
	case !os.SameFile(open, named):
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s leads to a file of another name: it is left alone", plaintext.Line(path, 0))
	case linkCount(open) > 1:
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s has another name as well (a hard link): it is left alone",
			plaintext.Line(path, 0))
	}
	return nil
}

// syncFolder makes the removal durable where the system can: after a crash the file may be there again, whole, which is what
// whoever removes it once more expects.
func syncFolder(folder string) {
	if d, err := os.Open(folder); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
