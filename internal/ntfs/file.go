package ntfs

import (
	"fmt"
	"io"
	"io/fs"
)

// File is a file of a Volume, or of a Tx: then it shows earlier changes of the Tx and can be changed. It stays usable until the
// file is removed. It is not for concurrent use.
type File struct {
	r         *reader
	t         *Tx // nil when it is only read
	path      string
	reference uint64
	name      string // of the stream; "" for the file's data
	secrecy   Secrecy

	cached     *stream
	generation int // of the Tx when cached was read
}

// Open opens a file for reading. It returns an error that wraps fs.ErrNotExist, fs.ErrInvalid for a directory, and a *Refused
// for what cannot be read as it stands on the volume: encrypted files and reparse points.
func (v *Volume) Open(path string) (*File, error) { return v.open(nil, path, "") }

// OpenStream opens a named stream of a file, such as "$SDS" of "$Secure", for reading.
func (v *Volume) OpenStream(path, stream string) (*File, error) { return v.open(nil, path, stream) }

func (r *reader) open(t *Tx, path, stream string) (*File, error) {
	i, err := r.lookup(path)
	if err != nil {
		return nil, err
	}
	f, err := r.openInode(t, i, path, stream)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (r *reader) openInode(t *Tx, i *inode, path, stream string) (*File, error) {
	if i.has(typeReparsePoint) && stream == "" {
		return nil, &Refused{Kind: Reparse}
	}
	f := &File{r: r, t: t, path: path, reference: i.reference(), name: stream}
	s, err := i.stream(typeData, stream)
	switch {
	case err != nil:
		return nil, err
	case s == nil && i.directory() && stream == "":
		return nil, fs.ErrInvalid
	case s == nil:
		return nil, fs.ErrNotExist
	case s.attr.flags&attrEncrypted != 0:
		return nil, &Refused{Kind: Encrypted}
	case !s.covered(r.cluster):
		return nil, damaged("record %d: runs of the data", i.number)
	}
	f.keep(s)
	return f, nil
}

func (f *File) keep(s *stream) {
	f.cached = s
	if f.t != nil {
		f.generation = f.t.generation
	}
}

// stream returns the file's content as it is now.
func (f *File) stream() (*stream, error) {
	if f.t == nil || f.generation == f.t.generation {
		return f.cached, nil
	}
	i, err := f.r.referenced(f.reference)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	s, err := i.stream(typeData, f.name)
	if err == nil && s == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	f.keep(s)
	return s, nil
}

// Size returns the length of the file.
func (f *File) Size() (int64, error) {
	s, err := f.stream()
	if err != nil {
		return 0, err
	}
	return s.size, nil
}

// Stat describes the file.
func (f *File) Stat() (Info, error) {
	i, err := f.r.referenced(f.reference)
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return f.r.info(i)
}

// ReadAt reads as io.ReaderAt says.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	s, err := f.stream()
	if err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, fmt.Errorf("%s: reading at %d: %w", f.path, off, fs.ErrInvalid)
	}
	if off >= s.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.size-off))
	if err := f.r.readStream(s, p[:n], off); err != nil {
		return 0, fmt.Errorf("%s: %w", f.path, err)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
