package diskimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// A plan tells what the user may not write, where there is something to write.
func TestRightsAreToldBeforehand(t *testing.T) {
	t.Parallel()
	made := volume(t, sample.Image{})
	folder := t.TempDir()
	must(t, os.Chmod(filepath.Dir(folder), 0o755)) // testing gives it to its owner alone
	image := filepath.Join(folder, "golden.img")
	must(t, os.Rename(made, image))
	must(t, os.Chmod(image, 0o444))
	must(t, os.Chmod(folder, 0o555))
	inPlace, over := at(image), at(image)
	over.OverlayPath = filepath.Join(folder, "new.qcow2")
	blob, _ := blobFor(t, "WEB01", 1107)
	told := func(place core.Image) string {
		receipt, err := core.Plan(t.Context(), core.Request{Image: place, Blob: blob})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(receipt.Warnings, "\n")
	}
	t.Run("nobody", func(t *testing.T) {
		testenv.AsNobody(t)
		if got := told(inPlace); !strings.Contains(got, "may not write "+image+":") || !strings.Contains(got, "may not write "+folder+":") {
			t.Errorf("in place: %q", got)
		}
		if got := told(over); strings.Contains(got, image) || !strings.Contains(got, "may not write "+folder+":") {
			t.Errorf("an overlay: %q", got)
		}
	})
	must(t, os.Chmod(folder, 0o755))
	must(t, os.Chmod(image, 0o644))
	if got := told(inPlace); strings.Contains(got, "may not write") {
		t.Errorf("with all rights: %q", got)
	}
	_, err := core.Stage(t.Context(), core.Request{Image: inPlace, Blob: blob})
	must(t, err)
	must(t, os.Chmod(image, 0o444))
	t.Run("nobody, where nothing is to be written", func(t *testing.T) {
		testenv.AsNobody(t)
		if got := told(inPlace); strings.Contains(got, "may not write") {
			t.Errorf("%q", got)
		}
	})
}
