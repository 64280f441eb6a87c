package disk

import (
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Mark is what is remembered of one file of a golden image's chain, to see later that it changed under its overlays. Equal
// marks are no proof that nothing changed: an overwrite in place changes only ModTime.
type Mark struct {
	Path    string
	Size    int64 // of the file, in bytes
	ModTime time.Time
	// SHA256 is that of a qcow2 image's header and L1 table, and of any other file's first and last 64 KiB.
	SHA256 [sha256.Size]byte
}

// Same reports whether the other mark is of a file with the same content, as far as marks tell; the path does not count.
func (m Mark) Same(other Mark) bool {
	return m.Size == other.Size && m.ModTime.Equal(other.ModTime) && m.SHA256 == other.SHA256
}

// Fingerprint returns a mark for each file of the chain, from the top down.
func (i *Image) Fingerprint() ([]Mark, error) {
	var out []Mark
	for n, l := range i.chain {
		m := Mark{Path: l.Path, Size: l.FileSize, ModTime: l.ModTime}
		h := sha256.New()
		var err error
		if c, ok := l.disk.(interface{ WriteTables(io.Writer) error }); ok {
			err = c.WriteTables(h)
		} else {
			err = writeEnds(h, i.files[n], l.FileSize)
		}
		if err != nil {
			return nil, err
		}
		h.Sum(m.SHA256[:0])
		out = append(out, m)
	}
	return out, nil
}

// writeEnds writes the file's first and last 64 KiB to w.
func writeEnds(w io.Writer, f io.ReaderAt, size int64) error {
	const length = 64 << 10
	for _, off := range []int64{0, max(0, size-length)} {
		n := min(length, size-off)
		if got, err := io.Copy(w, io.NewSectionReader(f, off, n)); err != nil || got != n {
			return errors.Join(err, shortOf(got, n))
		}
	}
	return nil
}

func shortOf(got, want int64) error {
	if got < want {
		return io.ErrUnexpectedEOF
	}
	return nil
}

var _ container.Container = (*Image)(nil)
