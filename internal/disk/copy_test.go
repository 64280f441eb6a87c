package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

func wantInUse(t testing.TB, err error) {
	t.Helper()
	var used *lock.InUseError
	if !errors.As(err, &used) {
		t.Errorf("%v, want that it is in use", err)
	}
}

// sparseRaw makes a raw image of 8 MiB with a hole of 6.
func sparseRaw(t testing.TB, dir string) string {
	t.Helper()
	path := write(t, filepath.Join(dir, "golden.raw"), bytes.Repeat([]byte("golden! "), 1<<17))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte("ends"), 1<<18-3), 7<<20); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(8 << 20); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCopy(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), t.TempDir()
	path := sparseRaw(t, dir)
	run(t, dir, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", path, "golden.qcow2")
	for _, name := range []string{"golden.raw", "golden.qcow2"} {
		for _, change := range []bool{false, true} {
			dst := filepath.Join(to, name)
			if change {
				dst += ".changed"
			}
			golden := mustOpen(t, filepath.Join(dir, name), lock.Read)
			before := sumFile(t, golden.Path())
			var o disk.CopyOptions
			var done, total int64
			o.Progress = func(d, n int64) {
				if d < done {
					t.Errorf("progress from %d to %d", done, d)
				}
				done, total = d, n
			}
			w := []container.Write{{Off: 3 << 20, Data: []byte("join")}}
			if change {
				var err error
				if o.Plan, err = golden.Plan(w); err != nil {
					t.Fatal(err)
				}
			}
			made, err := golden.CopyTo(context.Background(), dst, o)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(dst)
			if err != nil || made.Size != info.Size() || info.Mode().Perm() != 0o600 {
				t.Errorf("%+v, %v, %v", made, info, err)
			}
			if size := golden.Chain()[0].FileSize; done != size || total != size {
				t.Errorf("progress ended at %d of %d, want %d", done, total, size)
			}
			if sumFile(t, golden.Path()) != before {
				t.Error("the golden image was changed")
			}
			if !change {
				if sumFile(t, dst) != before {
					t.Error("the copy differs")
				}
				continue
			}
			copied := mustOpen(t, dst, lock.Change)
			got, want := make([]byte, 8<<20), make([]byte, 8<<20)
			if _, err := golden.ReadAt(want, 0); err != nil {
				t.Fatal(err)
			}
			copy(want[3<<20:], "join")
			if _, err := copied.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
				t.Errorf("the changed copy differs: %v", err)
			}
			if name == "golden.qcow2" {
				if err := copied.Close(); err != nil {
					t.Fatal(err)
				}
				run(t, to, "qemu-img", "check", "-q", dst)
			}
		}
	}
}

func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), t.TempDir()
	path := sparseRaw(t, dir)
	overlay(t, dir, "over.qcow2", "golden.raw", "raw")
	over := mustOpen(t, filepath.Join(dir, "over.qcow2"), lock.Read)
	_, err := over.CopyTo(context.Background(), filepath.Join(to, "a"), disk.CopyOptions{})
	wantRefused(t, err, container.HasBacking, "qemu-img convert -O qcow2 "+over.Path())

	golden := mustOpen(t, path, lock.Read)
	_, err = golden.CopyTo(context.Background(), path, disk.CopyOptions{})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, want that it exists", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = golden.CopyTo(ctx, filepath.Join(to, "a"), disk.CopyOptions{Progress: func(int64, int64) { cancel() }})
	var reflinked bool
	if err == nil { // the file system did it in one step
		reflinked = true
		if err := os.Remove(filepath.Join(to, "a")); err != nil {
			t.Fatal(err)
		}
	}
	if !reflinked && !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	wantEntries(t, to)
}

func TestOverlayOfAnOpenImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	golden := mustOpen(t, sparseRaw(t, dir), lock.Read)
	dst := filepath.Join(dir, "web01.qcow2")
	if _, err := golden.Overlay(context.Background(), []container.Write{{Off: 1, Data: []byte("join")}}, dst, qcow2.OverlayOptions{}); err != nil {
		t.Fatal(err)
	}
	made := mustOpen(t, dst, lock.Change) // the golden image is still open for reading
	b := make([]byte, 8)
	if _, err := made.ReadAt(b, 0); err != nil || string(b) != "gjoinn! " {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestOverlayOfAnOddSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	golden := mustOpen(t, write(t, filepath.Join(dir, "odd.raw"), make([]byte, 1000)), lock.Read)
	_, err := golden.Overlay(context.Background(), nil, filepath.Join(dir, "web01.qcow2"), qcow2.OverlayOptions{})
	wantRefused(t, err, container.Unsupported)
	wantEntries(t, dir, "odd.raw")
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := sparseRaw(t, dir)
	run(t, dir, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "golden.raw", "-F", "raw", "over.qcow2")
	marks := func() []disk.Mark {
		t.Helper()
		i := mustOpen(t, filepath.Join(dir, "over.qcow2"), lock.Read)
		defer i.Close()
		m, err := i.Fingerprint()
		if err != nil || len(m) != 2 {
			t.Fatalf("%v, %v", m, err)
		}
		return m
	}
	first := marks()
	if again := marks(); !first[0].Same(again[0]) || !first[1].Same(again[1]) {
		t.Error("nothing changed and the marks differ")
	}
	run(t, dir, "qemu-io", "-f", "qcow2", "-c", "write 0 64k", "over.qcow2") // a new L2 table
	second := marks()
	if first[0].SHA256 == second[0].SHA256 || !first[1].Same(second[1]) {
		t.Error("the overlay changed and not what it stands on")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, "qemu-io", "-f", "raw", "-c", "write -P 1 4M 512", path)
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if third := marks(); !third[1].Same(second[1]) {
		t.Error("a change in the middle with the old time is known not to be seen")
	}
	run(t, dir, "qemu-io", "-f", "raw", "-c", "write -P 1 0 512", path)
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if fourth := marks(); fourth[1].Same(second[1]) {
		t.Error("the first sector changed and the mark is the same")
	}
}

func TestRawPlan(t *testing.T) {
	t.Parallel()
	i := mustOpen(t, write(t, filepath.Join(t.TempDir(), "raw"), make([]byte, 4096)), lock.Change)
	plan, err := i.Plan([]container.Write{
		{Off: 10, Data: []byte("b"), Group: 2}, {Off: 20, Data: []byte("a"), Group: 1, Wipe: true}, {Off: 30, Data: []byte("f"), Fresh: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Fills) != 1 || len(plan.Groups) != 2 || plan.Groups[0][0].Off != 20 || !plan.Groups[0][0].Wipe || plan.Size != 4096 {
		t.Errorf("%+v", plan)
	}
	if err := plan.Apply(i.File()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4097)
	if n, err := i.ReadAt(b, 0); n != 4096 || err == nil || b[10] != 'b' || b[20] != 'a' || b[30] != 'f' {
		t.Errorf("%d, %v", n, err)
	}
	_, err = i.Plan([]container.Write{{Off: 4095, Data: []byte("xx")}})
	wantRefused(t, err, container.Unsupported)
}
