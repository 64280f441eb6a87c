package guest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin/guest"
)

// maxTrips is how many commands any stage may run on the guest, so that it takes seconds over a slow connection.
const maxTrips = 12

const generalized = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"

// tripCase is an image that a stage may meet.
type tripCase struct {
	image func(t *testing.T) string
	again bool // another join is there already
}

func tripCases() map[string]tripCase {
	sampled := func(im sample.Image) func(*testing.T) string {
		return func(t *testing.T) string { return sampletest.Image(t, im) }
	}
	return map[string]tripCase{
		"clean":            {sampled(sample.Image{}), false},
		"replaced":         {sampled(sample.Image{}), true},
		"many pages dirty": {realDirty, false},
		"dirty": {func(t *testing.T) string {
			windows := sampletest.Image(t, sample.Image{})
			sampletest.Dirty(t, windows)
			return windows
		}, false},
		"answer file":                     {sampled(sample.Image{ImageState: generalized}), false},
		"answer file, replaced":           {sampled(sample.Image{ImageState: generalized}), true},
		"answer file, extended":           {answered, false},
		"answer file, extended, replaced": {answered, true},
	}
}

// TestAnyStageTakesFewRoundTrips counts the commands that stages run on the guest.
func TestAnyStageTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	first, _ := sampletest.Blob(t)
	second, _ := sampletest.Blob(t)
	for name, c := range tripCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := c.image(t)
			if c.again {
				_, err := stage(t.Context(), &shell{}, windows, first.Bytes())
				must(t, err)
			}
			comm := &shell{}
			receipt, err := stageOver(t.Context(), comm, windows, second.Bytes(), core.OnExistingReplace)
			must(t, err)
			if n := comm.commands.Load(); receipt.Outcome != core.OutcomeStaged || n > maxTrips {
				t.Errorf("%s in %d round trips, want at most %d", receipt.Outcome, n, maxTrips)
			} else {
				t.Logf("%d round trips", n)
			}
			if state := stateOf(t, windows); state != core.StateStaged {
				t.Errorf("the image is %s", state)
			}
			onlyTheImage(t, windows)
			comm = &shell{}
			_, err = stageOver(t.Context(), comm, windows, second.Bytes(), core.OnExistingReplace)
			must(t, err)
			if n := comm.commands.Load(); n > maxTrips {
				t.Errorf("again: %d round trips, want at most %d", n, maxTrips)
			}
		})
	}
}

// realDirty is an image with the SYSTEM hive of a real Windows whose power was cut: hundreds of pages change.
func realDirty(t *testing.T) string {
	dir := testenv.Shared(t, "testdata/hives/win10-1709-x64-dirty")
	windows := sampletest.Image(t, sample.Image{})
	for _, name := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"} {
		packed, err := os.Open(filepath.Join(dir, name+".gz"))
		must(t, err)
		unpacked, err := gzip.NewReader(packed)
		must(t, err)
		content, err := io.ReadAll(unpacked)
		must(t, errors.Join(err, packed.Close()))
		must(t, os.WriteFile(filepath.Join(windows, "System32", "config", name), content, 0o600))
	}
	return windows
}

// answered is a generalized image with an answer file of its user's.
func answered(t *testing.T) string {
	windows := sampletest.Image(t, sample.Image{ImageState: generalized})
	must(t, os.MkdirAll(filepath.Join(windows, "Panther"), 0o755))
	must(t, os.WriteFile(answerFile(windows), []byte(userAnswers), 0o644))
	return windows
}

func answerFile(windows string) string { return filepath.Join(windows, "Panther", "unattend.xml") }

const userAnswers = `<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <TimeZone>UTC</TimeZone>
    </component>
  </settings>
</unattend>
`

// remoteImage is an image as the core gets it from the provisioner.
func remoteImage(t *testing.T, windows string) core.Image {
	t.Helper()
	m, err := guest.Open(t.Context(), &shell{}, windows)
	must(t, err)
	tree := remotedir.NewTree(m, imagefs.Location{WindowsPath: windows, Machine: "guest"})
	t.Cleanup(func() { _ = tree.Close() }) // it only forgets
	return core.Image{Location: tree.Location(), Open: tree.Opener()}
}

// TestAnswerFilesThroughARemoteTree takes a generalized image through its whole life there: with an answer file of its
// user's and without one.
func TestAnswerFilesThroughARemoteTree(t *testing.T) {
	t.Parallel()
	first, _ := sampletest.Blob(t)
	second, _ := sampletest.Blob(t)
	for name, image := range map[string]func(*testing.T) string{
		"no answer file": func(t *testing.T) string { return sampletest.Image(t, sample.Image{ImageState: generalized}) },
		"the user's own": answered,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := image(t)
			before, _ := os.ReadFile(answerFile(windows)) // none in one case
			ctx := t.Context()
			receipt, err := stage(ctx, &shell{}, windows, first.Bytes())
			must(t, err)
			if receipt.Method != core.MethodAnswerFile {
				t.Fatalf("method %s", receipt.Method)
			}
			holds := func(blob string) bool {
				content, err := os.ReadFile(answerFile(windows))
				must(t, err)
				return bytes.Contains(content, []byte(blob))
			}
			if !holds(first.AccountData()) {
				t.Error("the answer file does not hold the blob")
			}
			st, err := core.ReadStatus(ctx, core.StatusRequest{Image: remoteImage(t, windows)})
			must(t, err)
			if st.State != core.StateStaged || st.Fingerprint != first.Fingerprint() {
				t.Errorf("status through the tree: %+v", st)
			}
			if _, err := stage(ctx, &shell{}, windows, second.Bytes()); err == nil {
				t.Error("another join was replaced unasked")
			}
			_, err = stageOver(ctx, &shell{}, windows, second.Bytes(), core.OnExistingReplace)
			must(t, err)
			if holds(first.AccountData()) || !holds(second.AccountData()) {
				t.Error("the answer file was not replaced")
			}
			_, err = core.Unstage(ctx, core.UnstageRequest{Image: remoteImage(t, windows)})
			must(t, err)
			after, _ := os.ReadFile(answerFile(windows))
			if !bytes.Equal(after, before) {
				t.Errorf("after taking the join back the answer file holds\n%s\nwant\n%s", after, before)
			}
			if state := stateOf(t, windows); state != core.StateAbsent {
				t.Errorf("the image is %s", state)
			}
			left, err := filepath.Glob(filepath.Join(windows, "Panther", "*"))
			must(t, err)
			for _, name := range left {
				if !strings.HasSuffix(name, "unattend.xml") {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}
