package guest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// What remote mode copies and removes leaves no byte of a blob on the guest's device: not in the copy of a hive that held a
// blob before, not after a broken connection, not after an older blob was replaced.
func TestNoByteStaysOnTheGuestsDevice(t *testing.T) {
	t.Parallel()
	first, _ := sampletest.Blob(t)
	second, _ := sampletest.Blob(t)
	for name, work := range map[string]func(t *testing.T, windows string){
		"staged again": func(t *testing.T, windows string) {
			stageRemotely(t, &shell{}, windows, first, core.OnExistingFail)
			must(t, os.Remove(filepath.Join(windows, "System32", "odjboot.exe")))
			stageRemotely(t, &shell{}, windows, first, core.OnExistingFail)
		},
		"replaced": func(t *testing.T, windows string) {
			stageRemotely(t, &shell{}, windows, first, core.OnExistingFail)
			stageRemotely(t, &shell{}, windows, second, core.OnExistingReplace)
		},
		"a broken connection": func(t *testing.T, windows string) {
			stageRemotely(t, &shell{}, windows, first, core.OnExistingFail)
			breakBeforeTheEnd(t, windows, second)
			stageRemotely(t, &shell{}, windows, second, core.OnExistingReplace)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			device := sampletest.NewDevice(t)
			windows, err := sample.WriteTree(device.Dir, sample.Image{})
			must(t, err)
			work(t, windows)
			_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: core.ImageAt(windows)})
			must(t, err)
			content := device.Bytes()
			for _, blob := range []*odj.Blob{first, second} {
				if found := canary.ForBlob(blob.Bytes(), blob.MachinePassword()).In(content); found != nil {
					t.Errorf("after unstaging the device holds %q", found)
				}
			}
		})
	}
}

// The search sees what is on a device.
func TestTheSearchOfADeviceIsNotBlind(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	device := sampletest.NewDevice(t)
	windows, err := sample.WriteTree(device.Dir, sample.Image{})
	must(t, err)
	stageRemotely(t, &shell{}, windows, blob, core.OnExistingFail)
	if canary.ForBlob(blob.Bytes(), blob.MachinePassword()).In(device.Bytes()) == nil {
		t.Error("the device of a staged image holds no byte of the blob")
	}
}

func stageRemotely(t *testing.T, comm *shell, windows string, blob *odj.Blob, on core.OnExisting) {
	t.Helper()
	receipt, err := stageOver(t.Context(), comm, windows, blob.Bytes(), on)
	must(t, err)
	if receipt.Outcome != core.OutcomeStaged {
		t.Fatalf("staging came to %s", receipt.Outcome)
	}
}

// breakBeforeTheEnd cuts the connection while the copy of a hive that holds an older blob is there.
func breakBeforeTheEnd(t *testing.T, windows string, blob *odj.Blob) {
	t.Helper()
	for cuts := int64(1000); cuts < 1<<20; cuts *= 2 { // 256 of them are the guest's probe
		_, err := stageOver(t.Context(), &shell{cuts: cuts}, windows, blob.Bytes(), core.OnExistingReplace)
		if err == nil {
			break
		}
		if left, _ := filepath.Glob(filepath.Join(windows, "System32/config/*"+remotedir.BackupSuffix)); len(left) > 0 {
			return
		}
	}
	t.Fatal("no broken connection left a copy behind")
}
