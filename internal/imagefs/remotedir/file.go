package remotedir

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// content is a file of a remote tree as it is meant to be: what was fetched, with what was written since.
type content struct {
	entry   found
	data    []byte
	digest  string  // of what was on the machine when it was fetched or committed, in hex
	size    int64   // after the last step
	dirty   []span  // what of data has been written since the last step, in no order
	old     []Piece // the pages of the file as the last step left it, of those that were written since
	gone    bool    // it was removed, or something else took its name
	touched bool    // steps of it are waiting for Commit
	writers int     // handles for writing
	spare   string  // its path on the machine when it is gone and was open for writing; "": none
}

// span is a run of bytes of a content.
type span struct{ from, to int64 }

func (c *content) changed() bool { return len(c.dirty) > 0 || int64(len(c.data)) != c.size }

// handle is one handle to a content.
type handle struct {
	r      *Session
	c      *content
	write  bool
	closed bool
}

var _ imagefs.File = (*handle)(nil)

// Open implements imagefs.Volume.
func (r *Session) Open(name string) (imagefs.File, error) { return r.openFile(name, false) }

// OpenWrite implements imagefs.Volume. The file is copied beside itself before the first write to the image.
func (r *Session) OpenWrite(name string) (imagefs.File, error) { return r.openFile(name, true) }

func (r *Session) openFile(name string, write bool) (imagefs.File, error) {
	at, err := r.find(name)
	if err != nil {
		return nil, err
	}
	if !at.Mode.IsRegular() {
		return nil, imagefs.Irregular(r.Path(at.name), at.Mode, "a regular file")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.content(at)
	if err != nil {
		return nil, err
	}
	if write {
		c.writers++
		if !c.touched {
			r.backUp(at)
		}
	}
	return r.newHandle(c, write), nil
}

// ReadHead implements imagefs.HeadReader: no more travels than is asked for. Where the machine cannot do that, a file that
// is no longer than maxHead is fetched, and a longer one is an error (50).
func (r *Session) ReadHead(name string, n int) ([]byte, error) {
	at, err := r.find(name)
	if err != nil {
		return nil, err
	}
	if !at.Mode.IsRegular() {
		return nil, imagefs.Irregular(r.Path(at.name), at.Mode, "a regular file")
	}
	r.mu.Lock()
	c := r.files[at.name]
	if c == nil && usual(at.name) { // it will be read whole
		c, err = r.content(at)
	}
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if c != nil {
		return slices.Clone(c.data[:min(n, len(c.data))]), nil
	}
	if m, can := r.machine.(HeadFetcher); can {
		head, err := m.FetchHead(r.ctx, at.path, n)
		if err != nil {
			return nil, r.failed(imagefs.OpRead, at.name, err)
		}
		return head[:min(n, len(head))], nil
	}
	if at.Size > maxHead {
		return nil, winerr.Errorf(winerr.NotSupported, "%s is too long to be fetched for its beginning", r.Path(at.name))
	}
	all, err := r.machine.Fetch(r.ctx, at.path, maxHead)
	if err != nil {
		return nil, r.failed(imagefs.OpRead, at.name, err)
	}
	return all[:min(n, len(all))], nil
}

// maxHead is how long a file may be that is fetched whole for its beginning.
const maxHead = 64 << 10

// backUp remembers a file to be copied before the first write.
func (r *Session) backUp(at found) {
	b := backup{name: at.name, of: at.path, at: at.path + BackupSuffix}
	if !slices.Contains(r.backups, b) {
		r.backups = append(r.backups, b)
	}
}

func (r *Session) newHandle(c *content, write bool) *handle {
	r.open++
	return &handle{r: r, c: c, write: write}
}

// content returns what a file is meant to be, which it fetches when that is not known. With r.mu held.
func (r *Session) content(at found) (*content, error) {
	if r.files[at.name] == nil {
		r.fetchUsual(at)
	}
	if c := r.files[at.name]; c != nil {
		return c, nil
	}
	return r.fetch(at)
}

// take takes over what was fetched of a file. With r.mu held.
func (r *Session) take(at found, data []byte) *content {
	c := &content{entry: at, data: data, digest: sum(data), size: int64(len(data))}
	r.files[at.name], r.fetched[at.path] = c, c.digest
	return c
}

func (r *Session) fetch(at found) (*content, error) {
	if at.Size > maxFetch {
		return nil, winerr.Errorf(winerr.NotSupported, "%s has %d MiB, too much to fetch over a communicator: mount the "+
			"image on this machine and leave remote out", r.Path(at.name), at.Size>>20)
	}
	data, err := r.machine.Fetch(r.ctx, at.path, maxFetch)
	if err != nil {
		return nil, r.failed(imagefs.OpRead, at.name, err)
	}
	return r.take(at, data), nil
}

// ReadAt implements io.ReaderAt.
func (f *handle) ReadAt(p []byte, off int64) (int, error) {
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
func (f *handle) WriteAt(p []byte, off int64) (int, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if err := f.writable(); err != nil {
		return 0, err
	}
	end := off + int64(len(p))
	if off < 0 || end > maxFetch {
		return 0, f.failed(imagefs.OpWrite, errors.New("it would become too large"))
	}
	if f.c.gone && f.c.spare == "" {
		return 0, f.failed(imagefs.OpWrite, errors.New("its name is another file's by now"))
	}
	f.c.keepOld(off, end)
	f.resize(max(end, int64(len(f.c.data))))
	f.c.dirty = append(f.c.dirty, span{off, end})
	return copy(f.c.data[off:], p), nil
}

func (f *handle) writable() error {
	switch {
	case f.closed:
		return f.failed(imagefs.OpWrite, fs.ErrClosed)
	case !f.write:
		return f.failed(imagefs.OpWrite, errors.New("it was opened for reading"))
	}
	return nil
}

// resize changes the length in memory; no copy of what was there stays behind in a smaller buffer.
func (f *handle) resize(size int64) {
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

// Truncate implements imagefs.File.
func (f *handle) Truncate(size int64) error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if err := f.writable(); err != nil {
		return err
	}
	if size < 0 || size > maxFetch {
		return f.failed(imagefs.OpWrite, errors.New("no file can have that size"))
	}
	have := int64(len(f.c.data))
	f.c.keepOld(min(size, have), have)
	f.c.dirty = append(f.c.dirty, span{min(size, have), max(size, have)}) // what is cut off may come back, as zeros
	f.resize(size)
	return nil
}

// Sync implements imagefs.File: what was written becomes a step of Commit, which is on the disk before the next.
func (f *handle) Sync() error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.r.flush(f.c)
	return nil
}

// Close implements io.Closer. What was written is a step of Commit.
func (f *handle) Close() error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	if f.write {
		f.r.flush(f.c)
		if f.c.writers--; f.c.gone && f.c.spare != "" && f.c.writers == 0 {
			f.r.later(Step{Kind: Scrub, Paths: []string{f.c.spare}}) // who kept it open wanted to overwrite it
			f.c.spare = ""
		}
	}
	if f.r.open--; f.r.open == 0 {
		f.r.stale = true
	}
	return nil
}

// Size implements imagefs.File.
func (f *handle) Size() (int64, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return int64(len(f.c.data)), nil
}

// Stat implements imagefs.File.
func (f *handle) Stat() (imagefs.Info, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	info := f.c.entry.info()
	info.Size = int64(len(f.c.data))
	return info, nil
}

// TryLock implements imagefs.File: there is no lock that others would respect.
func (f *handle) TryLock() (bool, error) { return false, nil }

func (f *handle) failed(o imagefs.Op, err error) error { return f.r.failed(o, f.c.entry.name, err) }
