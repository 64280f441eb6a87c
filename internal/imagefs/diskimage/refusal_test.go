package diskimage_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refused plans and stages, wants the same refusal from both, and compares the folder.
func refused(t *testing.T, req core.Request, image string, code winerr.Code, says string) {
	t.Helper()
	req.Blob, _ = blobFor(t, "WEB01", 1107)
	was, err := os.ReadFile(image)
	must(t, err)
	beside, err := os.ReadDir(filepath.Dir(image))
	must(t, err)
	_, planErr := core.Plan(t.Context(), req)
	_, stageErr := core.Stage(t.Context(), req)
	if planErr == nil || stageErr == nil {
		t.Fatalf("planned: %v; staged: %v", planErr, stageErr)
	}
	plan, stage := planErr.Error(), stageErr.Error()
	t.Log(stage)
	if got, _ := winerr.CodeOf(stageErr); got != code || !strings.Contains(stage, says) {
		t.Errorf("want code %v and %q", code, says)
	}
	words := func(s string) string {
		s, _, _ = strings.Cut(s, " (")
		return strings.TrimSuffix(strings.TrimSuffix(s, " Nothing was written."), ".")
	}
	if words(plan) != words(stage) {
		t.Errorf("planned: %s\nstaged:  %s", plan, stage)
	}
	now, err := os.ReadFile(image)
	must(t, err)
	after, err := os.ReadDir(filepath.Dir(image))
	must(t, err)
	if !bytes.Equal(was, now) || len(after) != len(beside) {
		t.Errorf("the file changed, or something is beside it: %v", after)
	}
}

// TestOtherRefusals are of the container, of the partitions and of the place.
func TestOtherRefusals(t *testing.T) {
	t.Parallel()
	whole := volume(t, sample.Image{})
	disk := inMBR(t, whole)
	t.Run("no Windows", func(t *testing.T) {
		t.Parallel()
		image := convert(t, whole, "", nil)
		must(t, os.Truncate(image, 0))
		must(t, os.Truncate(image, volumeSize))
		run(t, "mkntfs", "-q", "-Q", "-F", "-L", "DATA", image)
		refused(t, core.Request{Image: at(image)}, image, winerr.InvalidParameter, "holds no Windows installation")
	})
	t.Run("no such partition", func(t *testing.T) {
		t.Parallel()
		image := convert(t, disk, "", nil)
		req := core.Request{Image: at(image)}
		req.Image.Partition = 7
		refused(t, req, image, winerr.InvalidParameter, "has no partition 7")
	})
	t.Run("other partition", func(t *testing.T) {
		t.Parallel()
		image := convert(t, disk, "", nil)
		req := core.Request{Image: at(image)}
		req.Image.Partition = 1
		refused(t, req, image, winerr.NotSupported, "partition 1")
	})
	t.Run("copy of a clone", func(t *testing.T) {
		t.Parallel()
		image := convert(t, disk, "clone", nil)
		req := core.Request{Image: at(image)}
		req.Image.CopyPath = filepath.Join(t.TempDir(), "copy.qcow2")
		refused(t, req, image, winerr.NotSupported, "depends on a backing file")
	})
	for says, c := range map[string]struct {
		name string
		code winerr.Code
	}{
		"none: make it, or correct the path": {"none/new.qcow2", winerr.FileNotFound},
		// Made, it could not be opened any more, as its journal can have no name.
		"x.odjundo: file name too long": {strings.Repeat("x", 250), winerr.CantCreateJoinInfo},
	} {
		t.Run("a new disk at "+c.name[:5], func(t *testing.T) {
			t.Parallel()
			image := convert(t, disk, "", nil)
			req := core.Request{Image: at(image)}
			folder := t.TempDir()
			req.Image.OverlayPath = filepath.Join(folder, c.name)
			refused(t, req, image, c.code, says)
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left is %v, %v", left, err)
			}
		})
	}
	t.Run("foreign journal", func(t *testing.T) {
		t.Parallel()
		image := convert(t, disk, "", nil)
		folder, err := undojournal.OpenFolder(filepath.Dir(image))
		must(t, err)
		defer folder.Close()
		h, err := folder.Create(filepath.Base(image) + undojournal.Suffix)
		must(t, err)
		defer func() { must(t, h.Close()) }()
		req := core.Request{Image: at(image)}
		req.Image.LockTimeout = 0
		refused(t, req, image, winerr.Busy, "is being changed by another process")
	})
}
