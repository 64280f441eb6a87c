package qcow2_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestReadEqualsQemuImgConvert(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			path := v.build(t)
			q, want := mustOpen(t, path), converted(t, path)
			if q.Size() != want.Size() {
				t.Fatalf("a disk of %d bytes, qemu-img makes it %d", q.Size(), want.Size())
			}
			if sum(t, q) != sum(t, want) {
				t.Fatal("the disk is not what qemu-img convert reads")
			}
			readRandomly(t, q, want)
		})
	}
}

// readRandomly compares unaligned reads from several goroutines at once.
func readRandomly(t *testing.T, got, want container.Disk) {
	var wg sync.WaitGroup
	for seed := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(seed), 1))
			for range 100 {
				off := r.Int64N(want.Size())
				a := make([]byte, 1+r.IntN(200_000))
				b := make([]byte, len(a))
				n, err := got.ReadAt(a, off)
				m, werr := want.ReadAt(b, off)
				if n != m || !bytes.Equal(a[:n], b[:m]) || !errors.Is(err, werr) {
					t.Errorf("reading %d bytes at %d: %d, %v; want %d, %v", len(a), off, n, err, m, werr)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestReadSharedVolumes(t *testing.T) {
	t.Parallel()
	dir := testenv.Shared(t, "testdata/volumes")
	for _, name := range []string{
		"v2-compressed.qcow2", "v3-empty.qcow2", "v3-ext2.qcow2", "win7-vss.v2-compressed.qcow2", "mkntfs-windows-tree.qcow2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := gunzip(t, filepath.Join(dir, name+".gz"))
			q, want := mustOpen(t, path), converted(t, path)
			if sum(t, q) != sum(t, want) {
				t.Fatal("the disk is not what qemu-img convert reads")
			}
			readRandomly(t, q, want)
			changeAndCompare(t, path, 1)
		})
	}
}

// gunzip unpacks a file of the shared test data into a folder of the test.
func gunzip(t testing.TB, from string) string {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(from[:len(from)-len(".gz")]))
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, z); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
