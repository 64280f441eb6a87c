//go:build unix

package cli_test

import "testing"

// TestWhatFailsIsTakenBack: "nothing was written" is said only where it is so.
func TestWhatFailsIsTakenBack(t *testing.T) { // not parallel: it bounds what the process may write
	for name, frontEnd := range frontEnds() {
		t.Run(name, frontEnd.TakesBackWhatFails)
	}
}
