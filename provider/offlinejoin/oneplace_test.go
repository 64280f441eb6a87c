package offlinejoin

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestTwoImagesAtOnePlace mounts one image after the other at one place: the ledger keeps the blob from the second, in the plan
// already, and says how the use of an image is released that is no more.
func TestTwoImagesAtOnePlace(t *testing.T) {
	t.Parallel()
	image, other := sampletest.Image(t, sample.Image{}), sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	config := map[string]string{"windows_path": image, "blob_file": file}
	options := map[string]string{"ledger_file": filepath.Join(t.TempDir(), "ledger")}
	p := newPlugin(t, options)
	p.good(p.apply(config, p.plan(config)).Diagnostics)
	rename(t, image, image+".away")
	rename(t, other, image)
	p = newPlugin(t, options)
	planned := p.plan(config) // of a state that knows nothing of it
	shown := strings.Join(strings.Fields(plainDiagnostics(t, planned.Diagnostics)), " ")
	if !failed(planned.Diagnostics) || !strings.Contains(shown, "2732") || !strings.Contains(shown, "offlinejoin ledger release") {
		t.Errorf("the plan shows %s", shown)
	}
	if got := statusOf(t, image).State; got != "absent" {
		t.Errorf("the second image is %s", got)
	}
}
