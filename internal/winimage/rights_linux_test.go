package winimage_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	if err := unix.Mount(windows, windows, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("skipped: cannot mount here: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(windows, unix.MNT_DETACH)) })
	must(t, unix.Mount("", windows, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	im := mustOpen(t, windows, winimage.Read)
	must(t, im.CheckJoinable())
	_, err := open(t, windows, winimage.Write)
	wantCode(t, err, winerr.AccessDenied, "SYSTEM", "mounted read-only")
}

// TestNoRights runs as nobody, even when root runs the tests: the thread gives up its identity and ends with the test.
func TestNoRights(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		path func(windows string) string
	}{
		{"SYSTEM", func(w string) string { return configFile(w, "SYSTEM") }},
		{"config", func(w string) string { return filepath.Join(w, "System32", "config") }},
		{"Windows", func(w string) string { return w }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			for _, name := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2", "SOFTWARE", "SECURITY", "SAM"} {
				must(t, os.Chmod(configFile(windows, name), 0o644))
			}
			must(t, os.Chmod(tt.path(windows), 0))
			t.Cleanup(func() { must(t, os.Chmod(tt.path(windows), 0o755)) })
			t.Run("nobody", func(t *testing.T) {
				testenv.AsNobody(t)
				for _, mode := range []winimage.Mode{winimage.Read, winimage.Write} {
					_, err := openUnseen(t, windows, mode)
					wantCode(t, err, winerr.AccessDenied, "run as a user who may")
				}
			})
		})
	}
}
