package diskimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"golang.org/x/sys/unix"
)

// TestPathsThatCannotBe: the path of a new disk, or of a golden image, where something else is, is refused with what there is and a
// way out.
func TestPathsThatCannotBe(t *testing.T) {
	t.Parallel()
	golden := volume(t, sample.Image{})
	for name, c := range map[string]struct {
		put  func(t *testing.T, path string)
		code winerr.Code
		says string
	}{
		"a folder": {
			func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o755)) }, winerr.InvalidParameter,
			"is a directory, and the new disk is a file: name one in it",
		},
		"a dead link": {
			func(t *testing.T, path string) { must(t, os.Symlink("nowhere", path)) }, winerr.InvalidParameter,
			"is a symbolic link that leads nowhere: remove it, or give the new disk another name",
		},
		"a pipe": {
			func(t *testing.T, path string) { must(t, unix.Mkfifo(path, 0o600)) }, winerr.InvalidParameter,
			"is not a regular file or block device: correct the path",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(golden)
			place.OverlayPath = filepath.Join(t.TempDir(), "new.qcow2")
			c.put(t, place.OverlayPath)
			refused(t, core.Request{Image: place}, golden, c.code, c.says)
		})
	}
}

// TestPathThroughAFile: a path that goes on behind a file is told as wrong, and not as a damaged image.
func TestPathThroughAFile(t *testing.T) {
	t.Parallel()
	golden := volume(t, sample.Image{})
	for _, path := range []string{golden + "/", golden + "/web01.qcow2"} {
		_, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(path)})
		if code, _ := winerr.CodeOf(err); code != winerr.FileNotFound || !strings.Contains(err.Error(), "a part of the path is no directory") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestBackingFilesThatCannotBeOpened: what is missing is told, with the way out of that.
func TestBackingFilesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	golden := volume(t, sample.Image{})
	top, higher := filepath.Join(t.TempDir(), "top.qcow2"), filepath.Join(t.TempDir(), "higher.qcow2")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", golden, top)
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", top, higher)
	for _, path := range []string{top, higher} {
		must(t, os.Chmod(path, 0o644))
		for dir := filepath.Dir(path); dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
			must(t, os.Chmod(dir, 0o755))
		}
	}
	check := func(path string, code winerr.Code, says string) {
		t.Helper()
		_, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(path)})
		if got, _ := winerr.CodeOf(err); got != code || !strings.Contains(err.Error(), says) ||
			strings.Count(err.Error(), "has a backing file") != 1 {
			t.Errorf("%v, want %v and %q", err, code, says)
		}
	}
	must(t, os.Chmod(golden, 0))
	t.Run("nobody", func(t *testing.T) {
		testenv.AsNobody(t)
		check(top, winerr.AccessDenied, "run as a user who may read it")
		check(higher, winerr.AccessDenied, "run as a user who may read it")
	})
	must(t, os.Remove(golden))
	check(top, winerr.FileNotFound, "put it back, or say where it is with qemu-img rebase")
	check(higher, winerr.FileNotFound, "put it back, or say where it is with qemu-img rebase")
}
