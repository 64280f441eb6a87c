package guest_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// stage stages through a communicator, as the provisioner does.
func stage(ctx context.Context, comm packersdk.Communicator, windows string, blob []byte) (*core.Receipt, error) {
	return stageOver(ctx, comm, windows, blob, core.OnExistingFail)
}

// stageOver is stage with a word about a join that the image holds.
func stageOver(
	ctx context.Context, comm packersdk.Communicator, windows string, blob []byte, on core.OnExisting,
) (*core.Receipt, error) {
	m, err := guest.Open(ctx, comm, windows)
	if err != nil {
		return nil, err
	}
	parsed, err := core.ReadBlob(bytes.Clone(blob), "")
	if err != nil {
		return nil, err
	}
	defer parsed.Wipe()
	tree := remotedir.NewTree(m, imagefs.Location{WindowsPath: windows, Machine: "guest"})
	defer tree.Close() // it only forgets
	image := core.Image{Location: tree.Location(), Open: tree.Opener()}
	return core.Stage(ctx, core.Request{Image: image, Blob: parsed, OnExisting: on, StagedBy: "test"})
}

func stateOf(t *testing.T, windows string) core.State {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: core.ImageAt(windows)})
	must(t, err)
	return st.State
}

// onlyTheImage fails when anything is left beside the image's own files.
func onlyTheImage(t *testing.T, windows string) {
	t.Helper()
	for _, pattern := range []string{"System32/config/*" + remotedir.BackupSuffix, "System32/*.tmp", "Panther/*.tmp", "Panther/*.odjold"} {
		if left, _ := filepath.Glob(filepath.Join(windows, pattern)); len(left) > 0 {
			t.Errorf("left in the image: %q", left)
		}
	}
}

// A connection that breaks leaves the image old or new, and the same stage again finishes the work. That this holds at
// every step is what the tests of package imagefs show; here real commands are cut off, one early and one late.
func TestABrokenConnectionLeavesTheImageOldOrNew(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	windows := sampletest.Image(t, sample.Image{})
	count := &shell{}
	receipt, err := stage(t.Context(), count, windows, blob.Bytes())
	must(t, err)
	if receipt.Outcome != core.OutcomeStaged || stateOf(t, windows) != core.StateStaged {
		t.Fatalf("staged: %+v", receipt)
	}
	onlyTheImage(t, windows)
	steps := &shell{stops: 1 << 40}
	windows = sampletest.Image(t, sample.Image{})
	_, err = stage(t.Context(), steps, windows, blob.Bytes())
	must(t, err)
	all := steps.steps.Load()
	seen := map[core.State]int{}
	for stops := range all - 1 {
		seen[brokenStage(t, &shell{stops: stops + 1}, blob.Bytes())]++
	}
	for cuts := int64(300); cuts < 1<<20; cuts *= 3 { // 256 of them are the guest's probe
		seen[brokenStage(t, &shell{cuts: cuts}, blob.Bytes())]++
	}
	t.Logf("broken after each of %d steps, and in the middle: %v", all-1, seen)
	if seen[core.StateAbsent] == 0 || seen[core.StateStaged] == 0 || len(seen) != 2 {
		t.Errorf("the image was %v, want absent and staged", seen)
	}
}

// brokenStage stages over a connection that breaks, then over one that does not, and returns the state in between.
func brokenStage(t *testing.T, comm *shell, blob []byte) core.State {
	t.Helper()
	windows := sampletest.Image(t, sample.Image{})
	if _, err := stage(t.Context(), comm, windows, blob); err == nil {
		t.Errorf("the connection broke (stops %d, cuts %d): no error", comm.stops, comm.cuts)
	}
	between := stateOf(t, windows)
	_, err := stage(t.Context(), &shell{}, windows, blob)
	must(t, err)
	if state := stateOf(t, windows); state != core.StateStaged {
		t.Errorf("staged again, the image is %s", state)
	}
	onlyTheImage(t, windows)
	return between
}

func TestARemoteStageIsALocalStage(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	remote, local := sampletest.Image(t, sample.Image{}), sampletest.Image(t, sample.Image{})
	_, err := stage(t.Context(), &shell{}, remote, blob.Bytes())
	must(t, err)
	parsed, err := core.ReadBlob(bytes.Clone(blob.Bytes()), "")
	must(t, err)
	_, err = core.Stage(t.Context(), core.Request{Image: core.ImageAt(local), Blob: parsed, StagedBy: "test"})
	must(t, err)
	for _, name := range []string{"System32/odjboot.exe", "System32/config/SYSTEM.LOG2"} {
		a, err := os.ReadFile(filepath.Join(remote, name))
		must(t, err)
		b, err := os.ReadFile(filepath.Join(local, name))
		must(t, err)
		if string(a) != string(b) {
			t.Errorf("%s differs", name)
		}
	}
	again, err := stage(t.Context(), &shell{}, remote, blob.Bytes())
	must(t, err)
	if again.Outcome != core.OutcomeUnchanged {
		t.Errorf("again: %s", again.Outcome)
	}
	if _, err := stage(t.Context(), &shell{}, filepath.Dir(remote), blob.Bytes()); err == nil ||
		!strings.Contains(err.Error(), "did you mean guest:") {
		t.Errorf("the directory above: %v", err)
	}
}
