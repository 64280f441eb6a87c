package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestWhatStaysOnTheDiskIsTold: where replacing a join cannot reach the old bytes, the user is told, with the cure.
func TestWhatStaysOnTheDiskIsTold(t *testing.T) {
	t.Parallel()
	replacing := func(t *testing.T, windows, blobFile string) (stage, replace func() string) {
		_, other := sampletest.BlobFor(t, "WEB02", 1108)
		stage, _ = byProvisioner(t, windows, blobFile)
		return stage, provisioned(t, map[string]any{"windows_path": windows, "blob_file": other, "on_existing": "replace"})
	}
	sampletest.FrontEnd(replacing).TellsWhatStays(t)
}
