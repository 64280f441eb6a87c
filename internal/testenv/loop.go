package testenv

import (
	"os/exec"
	"strings"
	"testing"
)

// LoopDevice makes a block device of a file, for as long as the test runs. It needs root, and skips the test without the
// right to it.
func LoopDevice(t testing.TB, path string) string {
	t.Helper()
	losetup := Tool(t, "losetup")
	out, err := exec.Command(losetup, "-f", "--show", path).CombinedOutput()
	if err != nil {
		Absent(t, "the right to make a loop device")
	}
	device := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command(losetup, "-d", device).CombinedOutput(); err != nil {
			t.Errorf("losetup -d: %v, %s", err, out)
		}
	})
	return device
}
