package testenv

import (
	"os/exec"
	"testing"
	"time"
)

// Unmount unmounts. A program that another test is starting has the files of this one open for a moment: it is waited for.
func Unmount(t testing.TB, dir string) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.Command(Tool(t, "umount"), dir).CombinedOutput()
		if err == nil {
			return
		}
		if time.Since(start) > time.Minute {
			t.Errorf("umount: %v\n%s", err, out)
			return
		}
	}
}
