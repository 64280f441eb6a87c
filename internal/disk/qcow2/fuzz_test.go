package qcow2_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// memory is an image file in memory.
type memory struct{ b []byte }

func (m *memory) Close() error { return nil }

func (m *memory) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(m.b).ReadAt(p, off) }

func (m *memory) WriteAt(p []byte, off int64) (int, error) { return copy(m.b[off:], p), nil }

func (m *memory) Truncate(size int64) error {
	m.b = append(m.b, make([]byte, size-int64(len(m.b)))...)
	return nil
}

// ones is a backing disk.
type ones struct{ size int64 }

func (o ones) Size() int64  { return o.size }
func (o ones) Close() error { return nil }
func (o ones) ReadAt(p []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(p)), o.size-off)))
	copy(p, bytes.Repeat([]byte{1}, n))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func openMemory(m *memory) (*qcow2.Image, error) {
	return qcow2.Open(m, int64(len(m.b)), func(qcow2.Backing) (container.Disk, error) { return ones{5000}, nil })
}

// FuzzImage opens an image, reads from it, plans one write and carries it out: what was planned must be what is read then.
func FuzzImage(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "seeds", "*.qcow2"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("there are no seeds: %v", err)
	}
	for _, s := range seeds {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint64(3000), uint16(700), true)
		f.Add(b, uint64(60000), uint16(10), false)
	}
	f.Fuzz(func(t *testing.T, image []byte, off uint64, n uint16, wipe bool) {
		m := &memory{image}
		q, err := openMemory(m)
		if err != nil {
			return
		}
		readHere(t, q)
		if q.Size() == 0 || n == 0 {
			return
		}
		data := bytes.Repeat([]byte{0xa5}, int(min(int64(n), q.Size())))
		at := int64(off % uint64(q.Size()-int64(len(data))+1))
		plan, err := q.Plan([]container.Write{{Off: at, Data: data, Wipe: wipe}})
		if err != nil || plan.Size > 64<<20 {
			return
		}
		changed := &memory{bytes.Clone(image)}
		if err := plan.Apply(changed); err != nil {
			t.Fatal(err)
		}
		again, err := openMemory(changed)
		if err != nil {
			t.Fatalf("the changed image is refused: %v", err)
		}
		got := make([]byte, len(data))
		if _, err := again.ReadAt(got, at); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("what was written at %d is not read: %v", at, err)
		}
	})
}

// readHere reads the disk's begin and end and some of its middle.
func readHere(t *testing.T, q *qcow2.Image) {
	b := make([]byte, 10_000)
	for i := range int64(8) {
		off := q.Size() / 8 * i
		n, err := q.ReadAt(b, off)
		if n < len(b) && err == nil {
			t.Fatalf("%d of %d bytes at %d and no error", n, len(b), off)
		}
		var r *container.Refused
		if err != nil && !errors.As(err, &r) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("an error without a kind: %v", err)
		}
	}
}
