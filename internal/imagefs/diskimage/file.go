package diskimage

import (
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// file is an open file of a session.
type file struct {
	s         *Session
	in        *ntfs.File // nil: created and not in the transaction yet, or gone
	created   *newFile   // what it is while in is nil
	lost      bool       // it was removed: what is written to it goes nowhere, since its clusters are zeroed
	path      string
	reference uint64
	write     bool
	stale     struct{ off, end int64 } // of the next write; see Stale
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	switch {
	case f.created != nil:
		return f.created.readAt(p, off)
	case f.lost:
		return 0, fileError(imagefs.OpRead, f.path, fs.ErrNotExist)
	}
	n, err := f.in.ReadAt(p, off)
	return n, fileError(imagefs.OpRead, f.path, err)
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	switch {
	case !f.write:
		return 0, imagefs.Wrap(imagefs.OpWrite, f.path, imagefs.ErrReadOnly)
	case f.lost:
		return len(p), nil
	case f.created != nil:
		return f.created.writeAt(p, off)
	}
	if err := f.s.settle(); err != nil {
		return 0, err
	}
	stale := f.stale
	f.stale.off, f.stale.end = 0, 0
	n := len(p)
	if from := max(stale.off-off, 0); from < int64(len(p)) && off+int64(len(p)) <= stale.end {
		if _, err := f.in.WriteStale(p[from:], off+from); err != nil {
			return 0, fileError(imagefs.OpWrite, f.path, err)
		}
		p = p[:from]
	}
	if _, err := f.in.WriteAt(p, off); err != nil {
		return 0, fileError(imagefs.OpWrite, f.path, err)
	}
	return n, nil
}

// Stale implements regf.Staler. An entry of a log replaces entries that nobody needs: those may have the bytes of a value that
// was deleted, which no journal is to keep, and to zero them only at the end, as other secrets are, would spoil the entry.
func (f *file) Stale(off, n int64) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.stale.off, f.stale.end = off, off+n
}

// Truncate implements imagefs.File.
func (f *file) Truncate(size int64) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	switch {
	case !f.write:
		return imagefs.Wrap(imagefs.OpWrite, f.path, imagefs.ErrReadOnly)
	case f.lost:
		return nil
	case f.created != nil:
		return f.created.truncate(size)
	}
	if err := f.s.settle(); err != nil {
		return err
	}
	return fileError(imagefs.OpWrite, f.path, f.in.Truncate(size))
}

// Sync implements imagefs.File: what follows reaches the disk later than what came before.
func (f *file) Sync() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.s.tx == nil {
		return nil
	}
	if err := f.s.settle(); err != nil {
		return err
	}
	f.s.tx.Barrier()
	return nil
}

// Size implements imagefs.File.
func (f *file) Size() (int64, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	switch {
	case f.created != nil:
		return int64(len(f.created.data)), nil
	case f.lost:
		return 0, nil
	}
	n, err := f.in.Size()
	return n, fileError(imagefs.OpRead, f.path, err)
}

// Stat implements imagefs.File.
func (f *file) Stat() (imagefs.Info, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if err := f.s.settle(); err != nil {
		return imagefs.Info{}, err
	}
	if f.lost {
		return imagefs.Info{}, nil
	}
	info, err := f.in.Stat()
	return publicInfo(info), fileError(imagefs.OpRead, f.path, err)
}

// TryLock implements imagefs.File: the image file as a whole is locked.
func (f *file) TryLock() (held bool, err error) { return true, nil }

// Close implements io.Closer.
func (f *file) Close() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	delete(f.s.files, f)
	if f.s.closed || f.created == nil {
		return nil
	}
	return f.s.settle()
}
