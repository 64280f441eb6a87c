package diskimage_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TestNamesOfNewDisks: a new disk whose name stands for another format than it is going to have is warned of once, in a dry run
// and when it is made.
func TestNamesOfNewDisks(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	qcow2, vhd := convert(t, raw, "qcow2", nil), convert(t, raw, "vpc", nil)
	for _, c := range []struct {
		golden, word, name string
		says               string // "": nothing
	}{
		{raw, "overlay_path", "web01.qcow2", ""},
		{raw, "overlay_path", "web01", ""},
		{raw, "overlay_path", "web01.disk", ""},
		{raw, "overlay_path", "web01.corp.example.com", ""},
		{raw, "overlay_path", "web01.raw", "the new disk is a qcow2 image, and its name, web01.raw, says raw: "},
		{raw, "overlay_path", "web01.IMG", "says img: "},
		{raw, "overlay_path", "web01.vhdx", "let overlay_path end in .qcow2, as in web01.qcow2"},
		{raw, "overlay_path", "web01.vdi", "says vdi: "},
		{raw, "copy_path", "web01.raw", ""},
		{raw, "copy_path", "web01.img", ""},
		{raw, "copy_path", "web01.qcow2", "the new disk is a raw image, and its name, web01.qcow2, says qcow2: "},
		{qcow2, "copy_path", "web01.qcow2", ""},
		{qcow2, "copy_path", "web01.vhdx", "let copy_path end in .qcow2, as in web01.qcow2"},
		{vhd, "copy_path", "web01.vhd", ""},
		{vhd, "copy_path", "web01.vhdx", "the new disk is a vhd image, and its name, web01.vhdx, says vhdx: "},
	} {
		t.Run(filepath.Ext(c.golden)+"/"+c.word+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			place := at(c.golden)
			path := filepath.Join(t.TempDir(), c.name)
			if place.OverlayPath = path; c.word == "copy_path" {
				place.OverlayPath, place.CopyPath = "", path
			}
			blob, _ := blobFor(t, "WEB01", 1107)
			req := core.Request{Image: place, Blob: blob}
			planned, err := core.Plan(t.Context(), req)
			must(t, err)
			made, err := core.Stage(t.Context(), req)
			must(t, err)
			for _, warnings := range [][]string{planned.Warnings, made.Warnings} {
				about := slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return !strings.Contains(w, "the new disk is") })
				if c.says == "" && len(about) > 0 || c.says != "" && (len(about) != 1 || !strings.Contains(about[0], c.says)) {
					t.Errorf("said %q, want %q", warnings, c.says)
				}
			}
			status, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(path)})
			must(t, err)
			if text := strings.Join(status.Warnings, " "); strings.Contains(text, "new disk") {
				t.Errorf("the status says %q", text)
			}
		})
	}
}

// TestNameLikeTheGoldenImage: who names qcow2 images .img knows what they are.
func TestNameLikeTheGoldenImage(t *testing.T) {
	t.Parallel()
	golden := filepath.Join(t.TempDir(), "golden.img")
	run(t, "qemu-img", "convert", "-O", "qcow2", inMBR(t, volume(t, sample.Image{})), golden)
	place := at(golden)
	place.OverlayPath = filepath.Join(t.TempDir(), "web01.img")
	blob, _ := blobFor(t, "WEB01", 1107)
	planned, err := core.Plan(t.Context(), core.Request{Image: place, Blob: blob})
	must(t, err)
	if text := strings.Join(planned.Warnings, " "); strings.Contains(text, "new disk") {
		t.Errorf("said %q", text)
	}
}
