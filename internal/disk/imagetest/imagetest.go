// Package imagetest makes disk images for the tests of the container packages and has them judged by qemu-img: what an
// image holds, whether it is sound, and what it should hold after a planned change.
package imagetest

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Run runs a program and returns what it printed; the test ends when it fails.
func Run(t testing.TB, program string, args ...string) string {
	t.Helper()
	for try := 1; ; try++ {
		out, err := exec.Command(testenv.Tool(t, program), args...).CombinedOutput()
		if err == nil {
			return string(out)
		}
		if try == qemuTries || !bytes.Contains(out, []byte("Unable to get accurate CPU usage")) {
			t.Fatalf("%s %q: %v\n%s", program, args, err, out)
		}
	}
}

// qemuTries is how often qemu-img is run that cannot tell how fast this machine is, as it wants to for each disk that it encrypts: on
// some machines the time of a short work is 0.
const qemuTries = 20

// Raw writes a raw disk of the given size with islands of random bytes, some of them across block borders, and returns its
// path. Most of the disk is a hole.
func Raw(t testing.TB, size int64, r *rand.Rand) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.raw")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		b := make([]byte, min(size, 1+r.Int64N(700<<10)))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if _, err := f.WriteAt(b, r.Int64N(size-int64(len(b))+1)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Volume unpacks an image of the shared test data, such as "qemu-ext2.vhd", and returns the path of the copy.
func Volume(t testing.TB, name string) string {
	t.Helper()
	in, err := os.Open(testenv.Shared(t, "testdata/volumes/"+name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, unpacked); err != nil {
		t.Fatal(err)
	}
	return path
}

// Copy returns the path of a copy of a file.
func Copy(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// SameContent fails unless the disk reads as the file at path, whole, in parts, and beyond its end.
func SameContent(t testing.TB, d container.Disk, path string, r *rand.Rand) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d.Size() != int64(len(want)) {
		t.Fatalf("the disk has %d bytes, and %s %d", d.Size(), path, len(want))
	}
	got := make([]byte, d.Size())
	if n, err := d.ReadAt(got, 0); n != len(got) || err != nil && err != io.EOF {
		t.Fatalf("reading the disk: %d bytes, %v", n, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("the disk does not read as %s", path)
	}
	for range 500 {
		off, part := r.Int64N(d.Size()+2000), make([]byte, r.IntN(9000))
		n, err := d.ReadAt(part, off)
		expected := want[min(off, d.Size()):min(off+int64(len(part)), d.Size())]
		if !bytes.Equal(part[:n], expected) || (n < len(part)) != (err == io.EOF) {
			t.Fatalf("%d bytes at %d of %d: %d, %v", len(part), off, d.Size(), n, err)
		}
	}
}

// RandomWrites returns writes in several groups to places where the disk has room, some of them over others.
func RandomWrites(t testing.TB, d container.Container, r *rand.Rand) []container.Write {
	t.Helper()
	var w []container.Write
	for tries := 0; len(w) < 30; tries++ {
		if tries == 100_000 {
			t.Fatal("the disk has no room")
		}
		data := make([]byte, min(d.Size(), 1+r.Int64N(20_000)))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		off := r.Int64N(d.Size() - int64(len(data)) + 1)
		if len(w) > 0 && r.IntN(3) == 0 { // near one that is there
			off = min(w[len(w)-1].Off+r.Int64N(5000), d.Size()-int64(len(data)))
		}
		if !d.Room(off, int64(len(data))) {
			continue
		}
		w = append(w, container.Write{Off: off, Data: data, Group: r.IntN(4), Fresh: r.IntN(5) == 0})
	}
	return w
}

// Apply carries a plan out on the file at path.
func Apply(t testing.TB, plan *container.FilePlan, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := plan.Apply(f); err != nil {
		t.Fatal(err)
	}
}

// Overwrite makes writes to the raw disk at path, in the order that a container's plan has.
func Overwrite(t testing.TB, path string, writes []container.Write) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	put := func(selected func(w container.Write) bool) {
		for _, w := range writes {
			if selected(w) {
				if _, err := f.WriteAt(w.Data, w.Off); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	put(func(w container.Write) bool { return w.Fresh })
	for group := range 4 {
		put(func(w container.Write) bool { return !w.Fresh && w.Group == group })
	}
}

// Sparse is a file in memory that is zero but for some pieces.
type Sparse struct {
	Length int64
	Pieces map[int64][]byte // by offset
}

// ReadAt implements [io.ReaderAt].
func (s *Sparse) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= s.Length {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.Length-off))
	clear(p[:n])
	for at, b := range s.Pieces {
		if from, to := max(at, off), min(at+int64(len(b)), off+int64(n)); from < to {
			copy(p[from-off:to-off], b[from-at:])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close implements [io.Closer].
func (s *Sparse) Close() error { return nil }
