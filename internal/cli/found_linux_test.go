package cli_test

import "testing"

// TestWhatStaysOnTheDiskIsTold: where taking a join back cannot reach the old bytes, the user is told, with the cure.
func TestWhatStaysOnTheDiskIsTold(t *testing.T) {
	t.Parallel()
	for name, frontEnd := range frontEnds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frontEnd.TellsWhatStays(t)
		})
	}
}
