package answerfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestNothingIsLeftOnTheDevice cuts the taking back of a join, where the answer file is replaced by the one that was there
// before, at every change of the file system. After the next run no block of the device has the account data.
func TestNothingIsLeftOnTheDevice(t *testing.T) {
	t.Parallel()
	steps := 0
	for done := false; !done; steps++ {
		device := sampletest.NewDevice(t)
		panther := filepath.Join(device.Dir, "Windows", "Panther")
		for _, folder := range []string{panther, filepath.Join(device.Dir, "Windows", "System32")} {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(panther, "unattend.xml"), []byte(head+oobe+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		done = takeBackCut(t, device, steps)
		content := device.Bytes()
		if found := secrets().In(content); found != nil {
			t.Errorf("cut after %d steps: the device holds %q", steps, found)
		}
	}
	t.Logf("cut at %d steps", steps-1)
}

// takeBackCut stages a join into the Windows on a device, takes it back with a limit to the changes, and then without.
func takeBackCut(t *testing.T, device *sampletest.Device, limit int) (done bool) {
	t.Helper()
	img := opened(t, filepath.Join(device.Dir, "Windows"))
	defer func() { _ = img.Close() }() // so that the device can be unmounted
	record, err := ParseRecord(staged(t, img, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	left := limit
	_, err = record.Unstage(cutFS{img, &left}, "")
	done = err == nil && left >= 0
	if removal, err := record.Unstage(img, ""); err != nil || removal.Outcome == Cut {
		t.Errorf("after %d steps: %+v, %v", limit, removal, err)
	}
	return done
}
