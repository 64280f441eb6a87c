package imagefs

import (
	"errors"
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

// Flagged is a session that can look below its volume.
type Flagged interface {
	// NTFSFlags returns what [NTFSFlags] does.
	NTFSFlags() (flags uint16, known bool)
}
