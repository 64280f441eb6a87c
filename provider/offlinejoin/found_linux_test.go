package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestWhatStaysOnTheDiskIsTold: where taking a join back cannot reach the old bytes, the user is told, with the cure.
func TestWhatStaysOnTheDiskIsTold(t *testing.T) {
	t.Parallel()
	sampletest.FrontEnd(byResource).TellsWhatStays(t)
}
