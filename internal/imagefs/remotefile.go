package imagefs

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// content is a file of a remote tree as it is meant to be: what was fetched, with what was written since.
type content struct {
	entry  found
	data   []byte
	digest string // of what is on the machine, in hex
	size   int64  // of what is on the machine
	dirty  []span // what of data is not on the machine, in no order
	gone   bool   // it was removed, renamed, or exchanged behind our back
}

// span is a run of bytes of a content.
type span struct{ from, to int64 }

func (c *content) changed() bool { return len(c.dirty) > 0 || int64(len(c.data)) != c.size }

// remoteFile is one handle to a content.
type remoteFile struct {
	r      *Remote
	c      *content
	write  bool
	closed bool
}

var _ File = (*remoteFile)(nil)

// Open implements FS.
func (r *Remote) Open(name string) (File, error) { return r.openFile(name, false) }

// OpenWrite implements FS. The file is copied beside itself before the first write to the image.
func (r *Remote) OpenWrite(name string) (File, error) { return r.openFile(name, true) }

func (r *Remote) openFile(name string, write bool) (File, error) {
	at, err := r.find(name)
	if err != nil {
		return nil, err
	}
	if !at.Mode.IsRegular() {
		return nil, irregular(r.Path(at.name), at.Mode, "a regular file")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.files[at.name]
	if c == nil {
		if c, err = r.fetch(at); err != nil {
			return nil, err
		}
		r.files[at.name] = c
	}
	if write && !r.checked {
		r.backUp(at)
	}
	return r.handle(c, write), nil
}

// backUp remembers a file to be copied before the first write.
func (r *Remote) backUp(at found) {
	b := backup{name: at.name, of: at.path, at: at.path + BackupSuffix}
	if !slices.Contains(r.backups, b) {
		r.backups = append(r.backups, b)
	}
}

func (r *Remote) handle(c *content, write bool) *remoteFile {
	r.open++
	return &remoteFile{r: r, c: c, write: write}
}

func (r *Remote) fetch(at found) (*content, error) {
	if at.Size > maxFetch {
		return nil, winerr.Errorf(winerr.NotSupported, "%s has %d MiB, too much to fetch over a communicator: mount the "+
			"image on this machine and leave remote out", r.Path(at.name), at.Size>>20)
	}
	data, err := r.machine.Fetch(r.ctx, at.path, maxFetch)
	if err != nil {
		return nil, r.failed(opRead, at.name, err)
	}
	return &content{entry: at, data: data, digest: sum(data), size: int64(len(data))}, nil
}

// ReadAt implements io.ReaderAt.
func (f *remoteFile) ReadAt(p []byte, off int64) (int, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if off < 0 || off >= int64(len(f.c.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.c.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt, in memory.
func (f *remoteFile) WriteAt(p []byte, off int64) (int, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if err := f.writable(); err != nil {
		return 0, err
	}
	end := off + int64(len(p))
	if off < 0 || end > maxFetch {
		return 0, f.failed(opWrite, errors.New("it would become too large"))
	}
	f.resize(max(end, int64(len(f.c.data))))
	f.c.dirty = append(f.c.dirty, span{off, end})
	return copy(f.c.data[off:], p), nil
}

func (f *remoteFile) writable() error {
	switch {
	case f.closed:
		return f.failed(opWrite, fs.ErrClosed)
	case !f.write:
		return f.failed(opWrite, errors.New("it was opened for reading"))
	}
	return nil
}

// resize changes the length in memory; no copy of what was there stays behind in a smaller buffer.
func (f *remoteFile) resize(size int64) {
	old := f.c.data
	if size <= int64(cap(old)) {
		f.c.data = old[:size]
		if have := int64(len(old)); size > have {
			clear(f.c.data[have:])
		}
		return
	}
	f.c.data = make([]byte, size, size+size/4)
	copy(f.c.data, old)
	clear(old)
}

// Truncate implements File.
func (f *remoteFile) Truncate(size int64) error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if err := f.writable(); err != nil {
		return err
	}
	if size < 0 || size > maxFetch {
		return f.failed(opWrite, errors.New("no file can have that size"))
	}
	if have := int64(len(f.c.data)); size > have {
		f.c.dirty = append(f.c.dirty, span{have, size})
	}
	f.resize(size)
	return nil
}

// Sync implements File: it carries to the machine what was written, and waits for its disk.
func (f *remoteFile) Sync() error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return f.r.flush(f.c)
}

// Close implements io.Closer. What was written reaches the machine.
func (f *remoteFile) Close() error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	var err error
	if f.write {
		err = f.r.flush(f.c)
	}
	if f.r.open--; f.r.open == 0 {
		f.r.stale = true
	}
	return err
}

// Size implements File.
func (f *remoteFile) Size() (int64, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return int64(len(f.c.data)), nil
}

// Stat implements File.
func (f *remoteFile) Stat() (Info, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	info := f.c.entry.info()
	info.Size = int64(len(f.c.data))
	return info, nil
}

// TryLock implements File: there is no lock that others would respect.
func (f *remoteFile) TryLock() (bool, error) { return false, nil }

func (f *remoteFile) failed(o op, err error) error { return f.r.failed(o, f.c.entry.name, err) }
