package qcow2_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

func TestOverlayIsWhatQemuMakesOfTheSameWrites(t *testing.T) {
	t.Parallel()
	for i, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			golden := v.build(t)
			overlayAndJudge(t, golden, container.QCOW2, mustOpen(t, golden), i%2 == 1)
		})
	}
	t.Run("raw", func(t *testing.T) {
		t.Parallel()
		golden := converted(t, variants()[0].build(t))
		overlayAndJudge(t, golden.Name(), container.Raw, golden, false)
	})
}

// overlayAndJudge makes an overlay with random writes and has qemu-img check, compare, map, convert, rebase and commit it.
func overlayAndJudge(t *testing.T, path string, format container.Format, golden container.Disk, relative bool) {
	t.Helper()
	before := digest(t, path)
	oracle := rawCopy(t, golden)
	writes := randomWrites(rand.New(rand.NewPCG(5, 5)), golden)
	applyToOracle(t, oracle, writes)
	dst := filepath.Join(t.TempDir(), "web01.qcow2")
	made, err := qcow2.Overlay(context.Background(), qcow2.Golden{Disk: golden, Path: path, Format: format}, writes, dst,
		qcow2.OverlayOptions{Relative: relative})
	if err != nil {
		t.Fatal(err)
	}
	checkMade(t, made, dst, relative)
	run(t, "qemu-img", "check", "-q", "-f", "qcow2", dst)
	run(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", dst, oracle.Name())
	if sum(t, mustOpen(t, dst)) != sum(t, oracle) {
		t.Fatal("the overlay reads differently")
	}
	judgeMap(t, dst, writes)
	judgeRebase(t, dst, path, format, oracle)
	if got := digest(t, path); got != before {
		t.Fatal("the golden image was changed")
	}
	run(t, "qemu-img", "commit", "-q", "-f", "qcow2", dst) // writes into the golden image
	run(t, "qemu-img", "compare", "-q", "-f", string(format), "-F", "raw", path, oracle.Name())
}

// checkMade holds what was returned against the file.
func checkMade(t *testing.T, made qcow2.Made, dst string, relative bool) {
	t.Helper()
	info, err := os.Stat(dst)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the overlay has mode %v", info.Mode())
	}
	if made.Size != info.Size() || made.SHA256 != digest(t, dst) || made.Path != dst {
		t.Errorf("%+v is not the file of %d bytes", made, info.Size())
	}
	if filepath.IsAbs(made.BackingName) == relative {
		t.Errorf("the backing name is %q, wanted a relative one: %v", made.BackingName, relative)
	}
}

// judgeMap looks whether the overlay itself holds every cluster that was written to, and no other.
func judgeMap(t *testing.T, dst string, writes []container.Write) {
	t.Helper()
	var ranges []struct {
		Start, Length int64
		Depth         int
	}
	if err := json.Unmarshal([]byte(run(t, "qemu-img", "map", "--output=json", "-f", "qcow2", dst)), &ranges); err != nil {
		t.Fatal(err)
	}
	const cluster = 64 << 10
	touched := map[int64]bool{}
	for _, w := range writes {
		for c := w.Off / cluster; c*cluster < w.Off+int64(len(w.Data)); c++ {
			touched[c] = true
		}
	}
	for _, r := range ranges {
		for at := r.Start; at < r.Start+r.Length; at += 512 {
			if touched[at/cluster] != (r.Depth == 0) {
				t.Fatalf("byte %d is at depth %d, written to: %v", at, r.Depth, touched[at/cluster])
			}
		}
	}
}

// judgeRebase moves copies of the overlay to another base, unsafely and safely, and flattens one.
func judgeRebase(t *testing.T, dst, golden string, format container.Format, oracle rawFile) {
	t.Helper()
	dir := t.TempDir()
	moved, flat, other := filepath.Join(dir, "moved.qcow2"), filepath.Join(dir, "flat.qcow2"), filepath.Join(dir, "other.raw")
	golden, err := filepath.Abs(golden)
	if err != nil {
		t.Fatal(err)
	}
	same := func(path string) {
		t.Helper()
		run(t, "qemu-img", "check", "-q", "-f", "qcow2", path)
		run(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", path, oracle.Name())
	}
	run(t, "qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", dst, flat)
	same(flat)
	whole, err := os.ReadFile(dst)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(moved, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "qemu-img", "rebase", "-u", "-f", "qcow2", "-b", golden, "-F", string(format), moved)
	same(moved)
	run(t, "qemu-img", "convert", "-f", string(format), "-O", "raw", golden, other)
	run(t, "qemu-io", "-f", "raw", "-c", "write -P 1 0 512", other) // a base that differs
	run(t, "qemu-img", "rebase", "-q", "-f", "qcow2", "-b", other, "-F", "raw", moved)
	same(moved)
}

func TestOverlayReplacesNothing(t *testing.T) {
	t.Parallel()
	golden := mustOpen(t, variants()[0].build(t))
	dir := t.TempDir()
	file, link := filepath.Join(dir, "there"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", link); err != nil {
		t.Skip("skipped: no symbolic links here")
	}
	for _, dst := range []string{file, link} {
		g := qcow2.Golden{Disk: golden, Path: file, Format: container.QCOW2}
		_, err := qcow2.Overlay(context.Background(), g, nil, dst, qcow2.OverlayOptions{})
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v, want that it exists", dst, err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	wantEntries(t, dir, "link", "there")
}

func TestOverlayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := variants()[0].build(t)
	golden := mustOpen(t, path)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	d := cancelling{Disk: golden, reads: 2, cancel: cancel}
	writes := []container.Write{{Off: 0, Data: make([]byte, 1<<20)}}
	g := qcow2.Golden{Disk: &d, Path: path, Format: container.QCOW2}
	_, err := qcow2.Overlay(ctx, g, writes, filepath.Join(dir, "web01.qcow2"), qcow2.OverlayOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	wantEntries(t, dir)
}

// cancelling ends a context after some reads.
type cancelling struct {
	container.Disk
	reads  int
	cancel func()
}

func (d *cancelling) ReadAt(p []byte, off int64) (int, error) {
	if d.reads--; d.reads == 0 {
		d.cancel()
	}
	return d.Disk.ReadAt(p, off)
}

func TestOverlayBackingNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	odd := filepath.Join(dir, "odd:name, with = signs")
	if err := os.MkdirAll(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(odd, "json:x.raw")
	if err := os.WriteFile(golden, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	alias := filepath.Join(dir, "alias")
	if err := os.Symlink(odd, alias); err != nil {
		t.Skip("skipped: no symbolic links here")
	}
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct{ dst, want string }{
		{filepath.Join(odd, "a.qcow2"), "./json:x.raw"},
		{filepath.Join(dir, "b.qcow2"), "./odd:name, with = signs/json:x.raw"},
		{filepath.Join(alias, "c.qcow2"), "./json:x.raw"},
	} {
		g := qcow2.Golden{Disk: rawFile{f}, Path: filepath.Join(alias, "json:x.raw"), Format: container.Raw}
		made, err := qcow2.Overlay(context.Background(), g, []container.Write{{Off: 70000, Data: []byte("join")}}, c.dst,
			qcow2.OverlayOptions{Relative: true})
		if err != nil {
			t.Fatal(err)
		}
		if made.BackingName != c.want {
			t.Errorf("%s names %q, want %q", c.dst, made.BackingName, c.want)
		}
		run(t, "qemu-img", "check", "-q", "-f", "qcow2", c.dst)
		run(t, "qemu-io", "-r", "-f", "qcow2", "-c", "read -P 0 0 64k", c.dst)
	}
}

func TestOverlayRefusesALongName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 5 {
		dir = filepath.Join(dir, strings.Repeat("d", 220))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Skip("skipped: no long paths here")
	}
	golden := filepath.Join(dir, "golden.raw")
	if err := os.WriteFile(golden, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g := qcow2.Golden{Disk: rawFile{f}, Path: golden, Format: container.Raw}
	_, err = qcow2.Overlay(context.Background(), g, nil, filepath.Join(dir, "web01.qcow2"), qcow2.OverlayOptions{})
	wantRefused(t, err, container.BackingName)
	wantEntries(t, dir, "golden.raw")
}

func wantRefused(t *testing.T, err error, k container.Kind) {
	t.Helper()
	var r *container.Refused
	if !errors.As(err, &r) || r.Kind != k {
		t.Errorf("%v, want that it %q", err, k)
	}
}

// wantEntries looks whether a folder holds just these names.
func wantEntries(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, "\n") != strings.Join(names, "\n") {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
}

func digest(t testing.TB, path string) [32]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// rawCopy writes a disk into a file of its own.
func rawCopy(t testing.TB, d container.Disk) rawFile {
	t.Helper()
	b := make([]byte, d.Size())
	if n, err := d.ReadAt(b, 0); n < len(b) {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.raw")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return rawFile{f}
}
