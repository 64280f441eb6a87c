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
