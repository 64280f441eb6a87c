package fleet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// inDisks gives joins disk image files in place of trees.
func inDisks(joins []joinfile.Join, paths ...string) {
	for i, path := range paths {
		joins[i].Request.Image.WindowsPath, joins[i].Request.Image.ImagePath = "", path
	}
}

func TestCheckRefusesWhatCannotBeMeantTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string, joins []joinfile.Join)
		want  string // part of the only error; empty: none
	}{
		"nothing": {func(*testing.T, string, []joinfile.Join) {}, ""},
		"one image by one path": {func(_ *testing.T, _ string, joins []joinfile.Join) {
			joins[1].Request.Image.WindowsPath = joins[0].Request.Image.WindowsPath
		}, "are both about the image"},
		"one image by a link": {func(t *testing.T, dir string, joins []joinfile.Join) {
			must(t, os.Symlink(filepath.Join(dir, "images", "web01"), filepath.Join(dir, "images", "link")))
			joins[1].Request.Image.WindowsPath = filepath.Join(dir, "images", "link", "Windows")
		}, "are both about the image"},
		"one image that is not there": {func(_ *testing.T, dir string, joins []joinfile.Join) {
			joins[0].Request.Image.WindowsPath = filepath.Join(dir, "none")
			joins[1].Request.Image.WindowsPath = filepath.Join(dir, "images", "..", "none")
		}, "are both about the image"},
		"two Windows of one disk": {func(_ *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "disk.qcow2"), filepath.Join(dir, "disk.qcow2"))
			joins[0].Request.Image.Partition, joins[1].Request.Image.Partition = 2, 3
		}, ""},
		"one Windows of one disk, whose partition one of them names": {func(_ *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "disk.qcow2"), filepath.Join(dir, "disk.qcow2"))
			joins[0].Request.Image.Partition = 3
		}, "are both about the image"},
		"one new disk of two partitions": {func(_ *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "golden.qcow2"), filepath.Join(dir, "golden.qcow2"))
			for i := range joins[:2] {
				joins[i].Request.Image.OverlayPath, joins[i].Request.Image.Partition = filepath.Join(dir, "new.qcow2"), 2+i
			}
		}, "are both about the image"},
		"a golden image that is changed": {func(t *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "golden.qcow2"), filepath.Join(dir, "images", "..", "golden.qcow2"))
			joins[0].Request.Image.OverlayPath = filepath.Join(dir, "new.qcow2")
		}, "join.web01 (fleet.join.hcl line 1) makes its disk from "},
		"a golden image that was changed": {func(t *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "images", "..", "golden.qcow2"), filepath.Join(dir, "golden.qcow2"))
			joins[1].Request.Image.CopyPath = filepath.Join(dir, "new.qcow2")
		}, "golden.qcow2, which join.web01 (fleet.join.hcl line 1) changes: a golden image is only read"},
		"one golden image for all": {func(t *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "golden.qcow2"), filepath.Join(dir, "golden.qcow2"))
			joins[0].Request.Image.CopyPath = filepath.Join(dir, "copy.qcow2")
			joins[1].Request.Image.OverlayPath = filepath.Join(dir, "new.qcow2")
		}, ""},
		"one new disk": {func(_ *testing.T, dir string, joins []joinfile.Join) {
			inDisks(joins, filepath.Join(dir, "golden.qcow2"), filepath.Join(dir, "golden.qcow2"))
			joins[0].Request.Image.OverlayPath = filepath.Join(dir, "new.qcow2")
			joins[1].Request.Image.OverlayPath = filepath.Join(dir, "new.qcow2")
		}, "one image takes one join; remove one of them, or correct overlay_path"},
		"one blob file": {func(_ *testing.T, _ string, joins []joinfile.Join) {
			joins[1].BlobFile = joins[0].BlobFile
		}, "use the same blob (WEB01 in corp.example.com, fingerprint "},
		"one blob in two files": {func(t *testing.T, _ string, joins []joinfile.Join) {
			copyFile(t, joins[1].BlobFile, joins[0].BlobFile)
		}, "use the same blob"},
		"one account in two blobs": {func(t *testing.T, _ string, joins []joinfile.Join) {
			blob, err := sample.BlobFor("web01", 4711) // as a second djoin /reuse would make it, in another case
			must(t, err)
			must(t, os.WriteFile(joins[1].BlobFile, blob.DjoinFile(), 0o600))
		}, "use the same account, "},
		"one account, allowed": {func(t *testing.T, _ string, joins []joinfile.Join) {
			copyFile(t, joins[1].BlobFile, joins[0].BlobFile)
			joins[1].Request.SingleUse.Reuse, joins[1].Request.SingleUse.ReuseReason = offlinejoin.ReuseAllow, "web01 is rebuilt"
		}, ""},
		"a blob that is not there": {func(t *testing.T, _ string, joins []joinfile.Join) {
			must(t, os.Remove(joins[0].BlobFile))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, joins := members(t, "web01", "web02")
			c.spoil(t, dir, joins)
			errs := fleet.Check(t.Context(), fleet.Apply, joins)
			if c.want == "" {
				if len(errs) > 0 {
					t.Errorf("%v", errs)
				}
				return
			}
			if len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) {
				t.Fatalf("%v, want one error with %q", errs, c.want)
			}
			if code, _ := winerr.CodeOf(errs[0]); code != winerr.InvalidParameter {
				t.Errorf("code %v", code)
			}
			for _, place := range []string{"join.web01 (fleet.join.hcl line 1)", "join.web02 (fleet.join.hcl line 2)"} {
				if !strings.Contains(errs[0].Error(), place) {
					t.Errorf("%v does not name %s", errs[0], place)
				}
			}
		})
	}
}

func TestStatusNeedsNoBlobs(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02")
	copyFile(t, joins[1].BlobFile, joins[0].BlobFile)
	if errs := fleet.Check(t.Context(), fleet.Status, joins); len(errs) > 0 {
		t.Errorf("%v", errs)
	}
}
