package localdir_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// asNobody makes the rest of the test see the file system as an unprivileged user, even when root runs it: the thread
// gives up its identity and ends with the test.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread() // and never unlock it
	const nobody = 65534
	must(t, unix.Setfsuid(nobody))
}

func TestPermission(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"SYSTEM": "x", "closed/SAM": "x"})
	must(t, os.Chmod(filepath.Join(dir, "SYSTEM"), 0))
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Run("nobody", func(t *testing.T) {
		asNobody(t)
		_, err := image.Open("SYSTEM")
		wantCode(t, err, winerr.AccessDenied, "run as a user who may")
		_, err = image.OpenWrite("SYSTEM")
		wantCode(t, err, winerr.AccessDenied)
		_, err = image.Open("closed/SAM")
		wantCode(t, err, winerr.AccessDenied)
	})
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0o755))
}
