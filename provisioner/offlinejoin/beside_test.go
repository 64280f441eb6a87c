package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// A join of another tool beside ours is shown when the same join is provisioned again.
func TestAJoinBesideOursIsShown(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	config := map[string]any{"windows_path": image, "blob_file": file}
	if shown, err := provision(t, config, nil); err != nil || strings.Contains(shown, "beside") {
		t.Fatalf("before: %v, %s", err, shown)
	}
	sampletest.Foreign(t, image)
	shown, err := provision(t, config, nil)
	if err != nil || !strings.Contains(shown, `SYSTEM\Setup\DJOIN`) {
		t.Errorf("%v, the user saw\n%s", err, shown)
	}
}
