package diskimage_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// faults lets one operation of a commit fail, after a write has written half of its sectors, and all later ones too when it stays.
type faults struct {
	mu    sync.Mutex
	at, n int
	err   error
	stays bool
	syncs int // that were asked for
}

// flushes is strikes for a flush.
func (f *faults) flushes() error {
	f.mu.Lock()
	f.syncs++
	f.mu.Unlock()
	return f.strikes()
}

func (f *faults) strikes() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.n == f.at || f.stays && f.n > f.at {
		return f.err
	}
	return nil
}

func (f *faults) layers() diskimage.Layers {
	return diskimage.Layers{
		Target:   func(t undojournal.File) undojournal.File { return faultyFile{t, f} },
		Journals: func(d undojournal.Folder) undojournal.Folder { return faultyFolder{d, f} },
		NewFile:  func(n newfile.Layer) newfile.Layer { return faultyNew{faultyWrites{n, f}, n} },
	}
}

// faultyWrites are the methods that everything which is written to has.
type faultyWrites struct {
	in interface {
		WriteAt(p []byte, off int64) (int, error)
		Truncate(size int64) error
		Sync() error
	}
	f *faults
}

func (w faultyWrites) WriteAt(p []byte, off int64) (int, error) {
	if err := w.f.strikes(); err != nil {
		n, _ := w.in.WriteAt(p[:half(len(p))], off)
		return n, err
	}
	return w.in.WriteAt(p, off)
}

func (w faultyWrites) Truncate(size int64) error {
	if err := w.f.strikes(); err != nil {
		return err
	}
	return w.in.Truncate(size)
}

func (w faultyWrites) Sync() error {
	if err := w.f.flushes(); err != nil {
		return err
	}
	return w.in.Sync()
}

// half is about half of a write: a system that runs out of room stops between two blocks.
func half(n int) int { return n / 2 &^ 511 }

type faultyFile struct {
	undojournal.File
	f *faults
}

func (t faultyFile) WriteAt(p []byte, off int64) (int, error) {
	return faultyWrites{t.File, t.f}.WriteAt(p, off)
}
func (t faultyFile) Truncate(size int64) error { return faultyWrites{t.File, t.f}.Truncate(size) }
func (t faultyFile) Sync() error               { return faultyWrites{t.File, t.f}.Sync() }

type faultyFolder struct {
	undojournal.Folder
	f *faults
}

func (d faultyFolder) Create(name string) (undojournal.Handle, error) {
	if err := d.f.strikes(); err != nil {
		return nil, err
	}
	h, err := d.Folder.Create(name)
	return faultyHandle{h, d.f}, err
}

func (d faultyFolder) Sync() error {
	if err := d.f.flushes(); err != nil {
		return err
	}
	return d.Folder.Sync()
}

type faultyHandle struct {
	undojournal.Handle
	f *faults
}

func (h faultyHandle) WriteAt(p []byte, off int64) (int, error) {
	return faultyWrites{h.Handle, h.f}.WriteAt(p, off)
}
func (h faultyHandle) Sync() error { return faultyWrites{h.Handle, h.f}.Sync() }

func (h faultyHandle) Remove() error {
	if err := h.f.strikes(); err != nil {
		return err
	}
	return h.Handle.Remove()
}

type faultyNew struct {
	faultyWrites
	in newfile.Layer
}

func (n faultyNew) Write(p []byte) (int, error) {
	if err := n.f.strikes(); err != nil {
		written, _ := n.in.Write(p[:half(len(p))])
		return written, err
	}
	return n.in.Write(p)
}

// faultKinds are what a disk can say to a write, and the code that is reported.
var faultKinds = []struct {
	err  syscall.Errno
	code winerr.Code
}{
	{syscall.ENOSPC, winerr.DiskFull}, {syscall.EFBIG, winerr.DiskFull}, {syscall.EIO, winerr.CantCreateJoinInfo},
}

// TestFaultsInPlace lets each operation of a commit fail, once and for good. The image is the old or the new one, its words are
// true, and the next command finishes the work.
func TestFaultsInPlace(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for _, format := range []string{"", "qcow2", "vhdx"} {
		for i, kind := range faultKinds {
			if format == "vhdx" && i > 0 { // it is written as raw is
				continue
			}
			t.Run(fmt.Sprintf("%s/%v", qemuFormat(format), kind.err), func(t *testing.T) {
				t.Parallel()
				image := convert(t, raw, format, nil)
				was, err := os.ReadFile(image)
				must(t, err)
				old, changed := 0, 0
				stride := 3 // an odd one, so that faults that stay and faults that pass take turns
				if long() {
					stride = 1
				}
				k := 1
				for ; ; k += stride {
					f := &faults{at: k, err: kind.err, stays: (k+i)%2 == 0}
					err := stageThrough(t, at(image), f)
					if err == nil && f.n < k {
						break
					}
					if failedInPlace(t, image, was, err, kind.err, kind.code) {
						old++
					} else {
						changed++
						must(t, os.WriteFile(image, was, 0o600))
					}
				}
				t.Logf("%d operations failed: %d left the old image, %d the new one or a journal", old+changed, old, changed)
				if old == 0 || changed == 0 {
					t.Error("only one of the two was seen: this test proves nothing")
				}
			})
		}
	}
}

func stageThrough(t *testing.T, place core.Image, f *faults) error {
	t.Helper()
	blob, _ := blobFor(t, "WEB01", 1107)
	place.Open = diskimage.OpenThrough(f.layers())
	_, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
	return err
}

// failedInPlace looks at an image after a commit that failed with err, and reports whether it is the old one.
func failedInPlace(t *testing.T, image string, was []byte, err error, cause syscall.Errno, code winerr.Code) bool {
	t.Helper()
	if err == nil { // a second try helped
		expectState(t, image, core.StateStaged, "WEB01")
		return false
	}
	oneSentence(t, err, cause, code)
	if strings.Contains(err.Error(), "as it is before") || strings.Contains(err.Error(), "as it was before") {
		now, readErr := os.ReadFile(image)
		must(t, readErr)
		if !bytes.Equal(now, was) {
			t.Errorf("the image changed: %v", err)
		}
	}
	st, statusErr := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(image)})
	must(t, statusErr)
	if st.State != core.StateAbsent && st.State != core.StateStaged {
		t.Fatalf("%s (%s) after %v", st.State, st.Detail, err)
	}
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)}) // recovers first
	must(t, err)
	expectState(t, image, core.StateAbsent, "")
	if _, err := os.Lstat(image + undojournal.Suffix); err == nil {
		t.Error("the journal is still there")
	}
	now, err := os.ReadFile(image)
	must(t, err)
	return bytes.Equal(now, was)
}

// oneSentence wants the code and the cause, in one line, with the name of the file once or twice.
func oneSentence(t *testing.T, err error, cause syscall.Errno, code winerr.Code) {
	t.Helper()
	got, _ := winerr.CodeOf(err)
	if said := err.Error(); got != code || !strings.Contains(said, cause.Error()) || strings.Contains(said, "\n") || len(said) > 700 {
		t.Errorf("want code %v and %q in one line: %v", code, cause, err)
	}
}

// TestFaultsOfNewDisks lets each write, each flush and each change of size of an overlay and a copy fail: nothing is left.
func TestFaultsOfNewDisks(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for _, way := range []string{"overlay", "copy"} {
		for _, kind := range faultKinds {
			t.Run(fmt.Sprintf("%s/%v", way, kind.err), func(t *testing.T) {
				t.Parallel()
				golden := convert(t, raw, "", nil)
				dir := t.TempDir()
				place := at(golden)
				place.OverlayPath = filepath.Join(dir, "web01.qcow2")
				if way == "copy" {
					place.OverlayPath, place.CopyPath = "", filepath.Join(dir, "web01.raw")
				}
				k := 1
				for ; ; k++ {
					f := &faults{at: k, err: kind.err, stays: k%2 == 0}
					err := stageThrough(t, place, f)
					if err == nil && f.n < k {
						break
					}
					if err == nil {
						t.Fatalf("operation %d failed, and nobody heard of it", k)
					}
					oneSentence(t, err, kind.err, kind.code)
					left, readErr := os.ReadDir(dir)
					must(t, readErr)
					if len(left) != 0 {
						t.Fatalf("left: %v after %v", left, err)
					}
				}
				expectState(t, place.NewPath(), core.StateStaged, "WEB01")
				t.Logf("%d operations failed", k-1)
				if k < 5 {
					t.Error("too few operations: this test proves nothing")
				}
			})
		}
	}
}

// TestFullDisk has file systems of every size that is too small, which needs the right to mount.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for _, way := range []string{"overlay", "copy", "qcow2", "qcow2 with a snapshot"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			golden := convert(t, raw, "qcow2", nil)
			inPlace := strings.HasPrefix(way, "qcow2")
			if way == "qcow2 with a snapshot" { // by qemu-nbd
				testenv.Tool(t, "qemu-nbd")
				run(t, "qemu-img", "snapshot", "-c", "one", golden)
			}
			content, err := os.ReadFile(golden)
			must(t, err)
			full, enough := 0, false
			for room := int64(64 << 10); !enough; room += 256 << 10 {
				if room > 64<<20 {
					t.Fatal("no size is enough")
				}
				dir := t.TempDir()
				size := room
				if inPlace {
					size += int64(len(content))
				}
				unmount := mountTmpfs(t, dir, size)
				place := at(golden)
				switch way {
				case "overlay":
					place.OverlayPath = filepath.Join(dir, "web01.qcow2")
				case "copy":
					place.CopyPath = filepath.Join(dir, "web01.qcow2")
				default:
					place.ImagePath = filepath.Join(dir, "web01.qcow2")
					must(t, os.WriteFile(place.ImagePath, content, 0o600))
				}
				err := stageThrough(t, place, &faults{})
				enough = err == nil
				if !enough {
					full++
					if code, _ := winerr.CodeOf(err); code != winerr.DiskFull {
						t.Errorf("%v", err)
					}
				}
				left, readErr := os.ReadDir(dir)
				must(t, readErr)
				switch {
				case !inPlace && !enough && len(left) > 0:
					t.Errorf("%d KiB: left %v", room>>10, left)
				case way == "qcow2" && !enough:
					now, err := os.ReadFile(place.ImagePath)
					must(t, err)
					if !bytes.Equal(now, content) || len(left) != 1 {
						t.Errorf("%d KiB: the image changed, or something is beside it: %v", room>>10, left)
					}
				case inPlace && !enough: // qemu may keep clusters
					run(t, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", place.ImagePath, golden)
					expectState(t, place.ImagePath, core.StateAbsent, "")
				case enough:
					expectState(t, filepath.Join(dir, "web01.qcow2"), core.StateStaged, "WEB01")
				}
				unmount()
			}
			t.Logf("%d sizes were too small", full)
			if full == 0 {
				t.Error("the first size was enough: this test proves nothing")
			}
		})
	}
}

func mountTmpfs(t *testing.T, dir string, size int64) (unmount func()) {
	t.Helper()
	mount, umount := testenv.Tool(t, "mount"), testenv.Tool(t, "umount")
	if out, err := exec.Command(mount, "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", dir).CombinedOutput(); err != nil {
		testenv.Absent(t, "the right to mount a tmpfs: "+strings.TrimSpace(string(out)))
	}
	return sync.OnceFunc(func() {
		if out, err := exec.Command(umount, "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v, %s", err, out)
		}
	})
}

// TestReplaceCost: the receipt of a replacement counts all flushes.
func TestReplaceCost(t *testing.T) {
	t.Parallel()
	image := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	first, _ := blobFor(t, "WEB01", 1107)
	second, _ := blobFor(t, "WEB02", 1108)
	_, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: first})
	must(t, err)
	f := &faults{}
	place := at(image)
	place.Open = diskimage.OpenThrough(f.layers())
	receipt, err := core.Stage(t.Context(), core.Request{Image: place, Blob: second, OnExisting: core.OnExistingReplace})
	must(t, err)
	t.Logf("%d bytes, %d flushes", receipt.BytesWritten, receipt.Syncs)
	if receipt.Syncs != f.syncs {
		t.Errorf("the receipt has %d flushes, and there were %d", receipt.Syncs, f.syncs)
	}
}
