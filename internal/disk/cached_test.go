package disk_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk"
)

// countingReader counts the calls.
type countingReader struct {
	io.ReaderAt
	calls int
}

func (r *countingReader) ReadAt(p []byte, off int64) (int, error) {
	r.calls++
	return r.ReaderAt.ReadAt(p, off)
}

// TestCached reads pieces of all sizes, up to the end and beyond it, from more pages than are kept.
func TestCached(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 21))
	content := make([]byte, 3<<20+1234)
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	c := disk.NewCached(bytes.NewReader(content))
	for range 20000 {
		off := r.IntN(len(content) + 10)
		want := make([]byte, r.IntN(6000))
		got := make([]byte, len(want))
		n, err := bytes.NewReader(content).ReadAt(want, int64(off))
		gotN, gotErr := c.ReadAt(got, int64(off))
		if gotN != n || !errors.Is(gotErr, err) || !bytes.Equal(got[:n], want[:n]) {
			t.Fatalf("%d bytes at %d: %d, %v; want %d, %v", len(want), off, gotN, gotErr, n, err)
		}
	}
	if _, err := c.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is read")
	}
}

// TestCachedReadsOnce shows that a small piece that was read is not read again.
func TestCachedReadsOnce(t *testing.T) {
	t.Parallel()
	below := &countingReader{ReaderAt: bytes.NewReader(make([]byte, 1<<16))}
	c := disk.NewCached(below)
	for range 100 {
		for off := int64(0); off < 8<<10; off += 1024 {
			if _, err := c.ReadAt(make([]byte, 1024), off); err != nil {
				t.Fatal(err)
			}
		}
	}
	if below.calls != 2 {
		t.Errorf("two pages were read in %d calls", below.calls)
	}
}
