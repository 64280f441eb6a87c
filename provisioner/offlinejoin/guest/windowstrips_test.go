package guest_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// guestsWindows is the Windows directory as the stand-in has it.
const guestsWindows = `D:\Windows`

// TestAnyStageOfAWindowsGuestTakesFewRoundTrips counts commands, uploads and downloads of stages on a guest with PowerShell.
func TestAnyStageOfAWindowsGuestTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	first, _ := sampletest.Blob(t)
	second, _ := sampletest.Blob(t)
	for name, c := range tripCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows, temp := c.image(t), t.TempDir()
			before, _ := os.ReadFile(answerFile(windows)) // none in most cases
			if c.again {
				_, err := stage(t.Context(), newStandIn(windows, temp), guestsWindows, first.Bytes())
				must(t, err)
			}
			for _, want := range []core.Outcome{core.OutcomeStaged, core.OutcomeUnchanged} {
				g := newStandIn(windows, temp)
				receipt, err := stageOver(t.Context(), g, guestsWindows, second.Bytes(), core.OnExistingReplace)
				must(t, err)
				n := g.trips.Load()
				t.Logf("%s: %d round trips, the longest command line has %d characters", receipt.Outcome, n, g.longest)
				if receipt.Outcome != want || n > maxTrips {
					t.Errorf("%s in %d round trips, want %s in at most %d", receipt.Outcome, n, want, maxTrips)
				}
				if g.longest > 8191 {
					t.Errorf("a command line has %d characters", g.longest)
				}
			}
			if state := stateOf(t, windows); state != core.StateStaged {
				t.Errorf("the image is %s", state)
			}
			onlyTheImage(t, windows)
			g := newStandIn(windows, temp)
			st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: standInsImage(t, g)})
			must(t, err)
			if st.State != core.StateStaged || st.Fingerprint != second.Fingerprint() {
				t.Errorf("status through the tree: %+v", st)
			}
			g = newStandIn(windows, temp)
			_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: standInsImage(t, g)})
			must(t, err)
			t.Logf("unstaged: %d round trips", g.trips.Load())
			if state := stateOf(t, windows); state != core.StateAbsent {
				t.Errorf("unstaged, the image is %s", state)
			}
			if after, _ := os.ReadFile(answerFile(windows)); !bytes.Equal(after, before) {
				t.Errorf("after taking the join back the answer file holds\n%s\nwant\n%s", after, before)
			}
			onlyTheImage(t, windows)
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("the guest's temporary folder holds %v, %v", left, err)
			}
		})
	}
}

// standInsImage is the stand-in's image as the core gets it from the provisioner.
func standInsImage(t *testing.T, g *standIn) core.Image {
	t.Helper()
	m, err := guest.Open(t.Context(), g, guestsWindows)
	must(t, err)
	tree := remotedir.NewTree(m, imagefs.Location{WindowsPath: guestsWindows, Machine: "guest"})
	t.Cleanup(func() { _ = tree.Close() }) // it only forgets
	return core.Image{Location: tree.Location(), Open: tree.Opener()}
}

// A connection that breaks after any step leaves the image old or new, nothing in the guest's temporary folder, and the same
// stage again finishes the work.
func TestABrokenConnectionToAWindowsGuest(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	whole := newStandIn(sampletest.Image(t, sample.Image{}), t.TempDir())
	_, err := stage(t.Context(), whole, guestsWindows, blob.Bytes())
	must(t, err)
	seen := map[core.State]int{}
	for stops := int64(1); stops < whole.steps.Load(); stops++ {
		windows, temp := sampletest.Image(t, sample.Image{}), t.TempDir()
		g := newStandIn(windows, temp)
		g.stops = stops
		if _, err := stage(t.Context(), g, guestsWindows, blob.Bytes()); err == nil {
			t.Errorf("broken after step %d: no error", stops)
		}
		seen[stateOf(t, windows)]++
		_, err := stage(t.Context(), newStandIn(windows, temp), guestsWindows, blob.Bytes())
		must(t, err)
		if state := stateOf(t, windows); state != core.StateStaged {
			t.Errorf("broken after step %d: staged again, the image is %s", stops, state)
		}
		onlyTheImage(t, windows)
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("broken after step %d: the guest's temporary folder holds %v, %v", stops, left, err)
		}
	}
	t.Logf("broken after each of %d steps: %v", whole.steps.Load()-1, seen)
	if seen[core.StateAbsent] == 0 || seen[core.StateStaged] == 0 || len(seen) != 2 {
		t.Errorf("the image was %v, want absent and staged", seen)
	}
}
