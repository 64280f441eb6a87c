package diskimage_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// largeGolden is a golden image of 600 MiB, of which 40 MiB and some are data.
func largeGolden(t *testing.T) string {
	t.Helper()
	golden := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	f, err := os.OpenFile(golden, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	for off := int64(100 << 20); off < 600<<20; off += 50 << 20 {
		write(t, f, []byte("data of another partition"), off)
	}
	return golden
}

// TestCopyProgress: a large copy is reported as it goes, and holes stay holes.
func TestCopyProgress(t *testing.T) {
	t.Parallel()
	golden := largeGolden(t)
	place := at(golden)
	place.CopyPath = filepath.Join(t.TempDir(), "web01.raw")
	blob, _ := blobFor(t, "WEB01", 1107)
	var lines []string
	_, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob, Progress: func(e core.Event) {
		if strings.HasPrefix(e.Text, "Copied ") {
			lines = append(lines, e.Text)
		}
	}})
	must(t, err)
	if reflinked(t, golden) {
		t.Skip("skipped: the file system shares blocks, so that there is nothing to report")
	}
	if len(lines) < 3 || len(lines) > 9 || !strings.Contains(lines[0], " of 550.0 MiB") {
		t.Errorf("%q", lines)
	}
	if was, now := taken(t, golden), taken(t, place.CopyPath); now > was+8<<20 {
		t.Errorf("the copy takes %d bytes, and the golden image %d", now, was)
	}
	expectState(t, place.CopyPath, core.StateStaged, "WEB01")
}

// TestOutdatedCopy: who builds the golden image again gets no new copy, and is told.
func TestOutdatedCopy(t *testing.T) {
	t.Parallel()
	golden := convert(t, inMBR(t, volume(t, sample.Image{})), "qcow2", nil)
	blob, _ := blobFor(t, "WEB01", 1107)
	req := core.Request{Image: at(golden), Blob: blob}
	req.Image.CopyPath = filepath.Join(t.TempDir(), "web01.qcow2")
	_, err := core.Stage(t.Context(), req)
	must(t, err)
	warned := func() (times int) {
		t.Helper()
		for _, run := range []func(context.Context, core.Request) (*core.Receipt, error){core.Plan, core.Stage} {
			r, err := run(t.Context(), req)
			must(t, err)
			for _, w := range r.Warnings {
				if strings.HasPrefix(w, golden+" was written to after "+req.Image.CopyPath+" was copied from it") {
					times++
				}
			}
			if r.Outcome != core.OutcomeUnchanged {
				t.Errorf("the copy is %s", r.Outcome)
			}
		}
		return times
	}
	if n := warned(); n != 0 {
		t.Errorf("%d warnings of a copy that is as new as can be", n)
	}
	later := time.Now().Add(time.Minute)
	must(t, os.Chtimes(golden, later, later))
	if n := warned(); n != 2 {
		t.Errorf("%d warnings, want one of Plan and one of Stage", n)
	}
}

// TestCopyStopped ends the context in the middle of a copy: nothing is left.
func TestCopyStopped(t *testing.T) {
	t.Parallel()
	golden := largeGolden(t)
	if reflinked(t, golden) {
		t.Skip("skipped: the file system shares blocks, so that there is no middle")
	}
	dir := t.TempDir()
	place := at(golden)
	place.CopyPath = filepath.Join(dir, "web01.raw")
	blob, _ := blobFor(t, "WEB01", 1107)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	after := 0
	_, err := core.Stage(ctx, core.Request{Image: place, Blob: blob, Progress: func(e core.Event) {
		if strings.HasPrefix(e.Text, "Copied ") {
			stop()
			after++
		}
	}})
	if !errors.Is(err, context.Canceled) || after != 1 {
		t.Errorf("%d reports, %v", after, err)
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	expectState(t, golden, core.StateAbsent, "")
}

// TestCopyWithoutRoom is refused before a byte is copied, on a file system that is too small.
func TestCopyWithoutRoom(t *testing.T) {
	t.Parallel()
	golden := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	dir := t.TempDir()
	unmount := mountTmpfs(t, dir, 1<<20)
	defer unmount()
	place := at(golden)
	place.CopyPath = filepath.Join(dir, "web01.raw")
	blob, _ := blobFor(t, "WEB01", 1107)
	_, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
	if code, _ := winerr.CodeOf(err); code != winerr.DiskFull || !strings.Contains(err.Error(), "and the file system has") {
		t.Errorf("%v", err)
	}
}
