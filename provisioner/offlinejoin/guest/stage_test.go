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
	for _, pattern := range []string{"System32/config/*" + remotedir.BackupSuffix, "System32/*.tmp"} {
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
	commands := count.commands.Load()
	windows = sampletest.Image(t, sample.Image{})
	for _, c := range []struct {
		breaks int64
		want   core.State
	}{{commands / 2, core.StateAbsent}, {commands - 2, core.StateStaged}} {
		_, err := stage(t.Context(), &shell{breaks: c.breaks, after: true}, windows, blob.Bytes())
		if err == nil {
			t.Errorf("command %d of %d was cut off: no error", c.breaks, commands)
		}
		if state := stateOf(t, windows); state != c.want {
			t.Errorf("command %d of %d was cut off: the image is %s, want %s", c.breaks, commands, state, c.want)
		}
	}
	_, err = stage(t.Context(), &shell{}, windows, blob.Bytes())
	must(t, err)
	onlyTheImage(t, windows)
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
