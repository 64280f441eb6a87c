//go:build unix

package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func TestUnfitImagesFailInThePlan(t *testing.T) {
	t.Parallel()
	for name, c := range sampletest.UnfitImages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, file := sampletest.Blob(t)
			config := map[string]string{"windows_path": image, "blob_file": file, "secret_exposure": "refuse"}
			p := newPlugin(t, nil)
			if shown := plainDiagnostics(t, p.plan(config).Diagnostics); strings.Contains(shown, "Join cannot be staged") {
				t.Fatalf("before: %s", shown)
			}
			c.Spoil(t, image)
			shown := plainDiagnostics(t, newPlugin(t, nil).plan(config).Diagnostics)
			if flat := strings.Join(strings.Fields(shown), " "); !strings.Contains(flat, "Join cannot be staged") || !strings.Contains(flat, c.Want) {
				t.Errorf("want %q, the plan shows %s", c.Want, shown)
			}
		})
	}
}

// TestOthersOnTheBuildHostAreWarnedOf: without a word about it, an image that others can get at takes the join, with one
// warning that has the cure.
func TestOthersOnTheBuildHostAreWarnedOf(t *testing.T) {
	t.Parallel()
	exposed := sampletest.UnfitImages()["exposed"]
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	exposed.Spoil(t, image)
	config := map[string]string{"windows_path": image, "blob_file": file}
	p := newPlugin(t, nil)
	planned := p.plan(config)
	applied := p.apply(config, planned)
	p.good(applied.Diagnostics)
	both := append(planned.Diagnostics, applied.Diagnostics...)
	shown := strings.Join(strings.Fields(plainDiagnostics(t, both)), " ")
	if strings.Count(shown, exposed.Want) != 1 || !strings.Contains(shown, exposed.Cure) {
		t.Errorf("want %q and %q once, plan and apply show %s", exposed.Want, exposed.Cure, shown)
	}
}
