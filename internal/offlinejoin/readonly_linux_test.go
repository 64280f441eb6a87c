package offlinejoin

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestAReadOnlyMountIsToldInThePlan: a dry run warns of what the run itself refuses.
func TestAReadOnlyMountIsToldInThePlan(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	windows := req.Image.WindowsPath
	if err := unix.Mount(windows, windows, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("skipped: cannot mount here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(windows, unix.MNT_DETACH) }) // the folder is removed with the test
	tells := func() bool {
		plan, err := Plan(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(plan.Warnings, func(w string) bool { return strings.HasPrefix(w, "the image is mounted read-only: mount it") })
	}
	if tells() {
		t.Error("an image that can be written is said to be read-only")
	}
	if err := unix.Mount("", windows, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if !tells() {
		t.Error("the plan says nothing of the read-only mount")
	}
	if _, err := Stage(t.Context(), req); codeOf(err) != winerr.AccessDenied || !strings.Contains(err.Error(), "mounted read-only") {
		t.Errorf("staging: %v", err)
	}
}
