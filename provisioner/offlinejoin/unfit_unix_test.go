//go:build unix

package offlinejoin

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func TestUnfitImagesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range sampletest.UnfitImages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, file := sampletest.Blob(t)
			c.Spoil(t, image)
			before := sampletest.Digest(t, filepath.Dir(image))
			_, err := provision(t, map[string]any{"windows_path": image, "blob_file": file, "secret_exposure": "refuse"}, nil)
			if err == nil || !strings.Contains(err.Error(), c.Want) {
				t.Errorf("want %q, got %v", c.Want, err)
			}
			if sampletest.Digest(t, filepath.Dir(image)) != before {
				t.Error("something was written")
			}
		})
	}
}

// TestOthersOnTheBuildHostAreToldOf: without a word about it, an image that others can get at takes the join, with one warning
// that has the cure.
func TestOthersOnTheBuildHostAreToldOf(t *testing.T) {
	t.Parallel()
	exposed := sampletest.UnfitImages()["exposed"]
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	exposed.Spoil(t, image)
	shown, err := provision(t, map[string]any{"windows_path": image, "blob_file": file}, nil)
	if err != nil || strings.Count(shown, exposed.Want) != 1 || !strings.Contains(shown, exposed.Cure) {
		t.Errorf("%v, want %q and %q once in\n%s", err, exposed.Want, exposed.Cure, shown)
	}
}
