package imagefs

import (
	"errors"
	"fmt"
	"io"
)

// HeadReader is a volume on which opening a file costs as much as the file is long, and which can read the beginning of
// one for less.
type HeadReader interface {
	// ReadHead returns the first n bytes of a regular file, or all of a shorter one.
	ReadHead(name string, n int) ([]byte, error)
}

// ReadHead returns the first n bytes of a regular file of any volume, or all of a shorter one. n is small: a file that is
// larger than the memory may be looked at. Errors are those of [Volume.Open].
func ReadHead(v Volume, name string, n int) ([]byte, error) {
	if h, has := v.(HeadReader); has {
		return h.ReadHead(name, n)
	}
	f, err := v.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	head := make([]byte, n)
	got, err := f.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head[:got], err
}

// ErrOverLimit says that a file is larger than its reader takes.
var ErrOverLimit = errors.New("the file is larger than is read")

// ReadFile returns a regular file of at most so many bytes. Errors are those of [Volume.Open] and of reading, and [ErrOverLimit].
func ReadFile(v Volume, name string, most int64) ([]byte, error) {
	f, err := v.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > most {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrOverLimit, v.Path(name), size)
	}
	content := make([]byte, size)
	n, err := f.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		clear(content) // it may hold a secret
		return nil, err
	}
	return content[:n], nil
}

// Flagged is a session that can look below its volume.
type Flagged interface {
	// NTFSFlags returns what [NTFSFlags] does.
	NTFSFlags() (flags uint16, known bool)
}
