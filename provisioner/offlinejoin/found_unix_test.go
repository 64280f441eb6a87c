//go:build unix

package offlinejoin

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestWhatFailsIsTakenBack: "nothing was written" is said only where it is so.
func TestWhatFailsIsTakenBack(t *testing.T) { // not parallel: it bounds what the process may write
	sampletest.FrontEnd(byProvisioner).TakesBackWhatFails(t)
}
