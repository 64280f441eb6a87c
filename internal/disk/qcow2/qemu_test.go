package qcow2_test

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// run runs a program and returns what it printed; the test ends when it fails.
func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	return imagetest.Run(t, program, args...)
}

// rawFile is a disk without a container.
type rawFile struct{ *os.File }

func (r rawFile) Size() int64 {
	info, err := r.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// openFile opens an image and its chain.
func openFile(path string) (*qcow2.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	q, err := qcow2.Open(f, rawFile{f}.Size(), func(b qcow2.Backing) (container.Disk, error) {
		name := b.Name
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		if b.Format == container.QCOW2 {
			return openFile(name)
		}
		f, err := os.Open(name)
		return rawFile{f}, err
	})
	if err != nil {
		f.Close()
		return nil, err
	}
	return q, nil
}

func mustOpen(t testing.TB, path string) *qcow2.Image {
	t.Helper()
	q, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// content returns n bytes with holes: runs of zeros, of noise, and of text that compresses well.
func content(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for at := 0; at < n; {
		end := min(n, at+512*(1+r.IntN(200)))
		switch r.IntN(3) {
		case 0:
			for i := at; i < end; i++ {
				b[i] = byte(r.Uint32())
			}
		case 1:
			for i := at; i < end; i++ {
				b[i] = "offline join "[i%13] + byte(i>>14&3)
			}
		}
		at = end
	}
	return b
}

// variants are the kinds of images that everything is tested on.
func variants() []variant {
	return []variant{
		{name: "plain", size: 6 << 20},
		{name: "inside-a-cluster", size: 5<<20 + 512*37},
		{name: "clusters-512", size: 1 << 20, options: "cluster_size=512"},
		{name: "clusters-4K", size: 6 << 20, options: "cluster_size=4096"},
		{name: "clusters-2M", size: 21 << 20, options: "cluster_size=2M"},
		{name: "compressed", size: 6 << 20, compress: true},
		{name: "compressed-4K", size: 3 << 20, options: "cluster_size=4096", compress: true},
		{name: "compressed-2M", size: 9<<20 + 512, options: "cluster_size=2M", compress: true},
		{name: "zstd", size: 6 << 20, options: "compression_type=zstd", compress: true},
		{name: "zstd-4K", size: 3 << 20, options: "compression_type=zstd,cluster_size=4096", compress: true},
		{name: "v2", size: 6 << 20, options: "compat=0.10"},
		{name: "v2-compressed", size: 5<<20 + 512, options: "compat=0.10", compress: true},
		{name: "preallocated", size: 6 << 20, options: "preallocation=metadata"},
		{name: "zeroed", size: 6 << 20, io: []string{"write -z 1M 300k", "write -z -u 2M 1M", "write -P 7 2500k 10k", "discard 4M 128k"}},
		{name: "over-raw", size: 6 << 20, overRaw: true, io: []string{"write -P 5 100k 300k", "write -z 2M 64k", "write -P 9 5M 64k"}},
		{name: "over-raw-4K", size: 6 << 20, options: "cluster_size=4096", overRaw: true, io: []string{"write -P 5 100k 30k"}},
		{name: "chain", size: 6 << 20, chain: true, io: []string{"write -P 5 100k 300k", "write -z 2M 64k"}},
		{name: "chain-longer", size: 6 << 20, chain: true, longer: 9 << 20, io: []string{"write -P 5 7M 3k"}},
	}
}

type variant struct {
	name     string
	size     int
	options  string
	compress bool
	overRaw  bool // stands on a raw file
	chain    bool // stands on a compressed one, which stands on a raw file
	longer   int  // its own size, when that is more than what it stands on
	io       []string
}

// build makes the image in a folder of its own and returns its path.
func (v variant) build(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	raw, path := filepath.Join(dir, "base.raw"), filepath.Join(dir, v.name+".qcow2")
	r := rand.New(rand.NewPCG(7, uint64(v.size)))
	if err := os.WriteFile(raw, content(r, v.size), 0o600); err != nil {
		t.Fatal(err)
	}
	options := v.options
	if options == "" {
		options = "compat=1.1"
	}
	switch {
	case v.chain:
		middle := filepath.Join(dir, "middle.qcow2")
		run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "base.raw", middle)
		run(t, "qemu-io", "-f", "qcow2", "-c", "write -P 3 1M 200k", middle)
		size := max(v.size, v.longer)
		run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "middle.qcow2", "-o", options, path, itoa(size))
	case v.overRaw:
		run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "base.raw", "-o", options, path)
	default:
		args := []string{"convert", "-f", "raw", "-O", "qcow2", "-o", options}
		if v.compress {
			args = append(args, "-c")
		}
		run(t, "qemu-img", append(args, raw, path)...)
	}
	for _, c := range v.io {
		run(t, "qemu-io", "-f", "qcow2", "-c", c, path)
	}
	return path
}

// sum returns the SHA-256 of a whole disk.
func sum(t testing.TB, d container.Disk) [32]byte {
	t.Helper()
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(d, 0, d.Size()))
	if err != nil || n != d.Size() {
		t.Fatalf("read %d of %d bytes: %v", n, d.Size(), err)
	}
	return [32]byte(h.Sum(nil))
}

// converted returns the disk as qemu-img reads it.
func converted(t testing.TB, path string) rawFile {
	t.Helper()
	out := filepath.Join(t.TempDir(), "converted.raw")
	run(t, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, out)
	f, err := os.OpenFile(out, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return rawFile{f}
}
