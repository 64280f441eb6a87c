package offlinejoin

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestTheRunningWindowsIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, other := filepath.Join(dir, "Windows"), filepath.Join(dir, "Other")
	for _, path := range []string{root, other} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	spellings := []string{root, root + string(filepath.Separator), filepath.Join(other, "..", "Windows")}
	if runtime.GOOS != "windows" { // making links needs a privilege there
		link := filepath.Join(dir, "link")
		if err := os.Symlink(root, link); err != nil {
			t.Fatal(err)
		}
		spellings = append(spellings, link)
	}
	for _, path := range spellings {
		if code, _ := winerr.CodeOf(ImageAt(path).refuseRoot(root)); code != winerr.Busy {
			t.Errorf("%s: code %d", path, code)
		}
	}
	for _, path := range []string{other, filepath.Join(dir, "none"), ""} {
		if err := ImageAt(path).refuseRoot(root); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	if err := ImageAt(root).refuseRoot(""); err != nil {
		t.Error(err)
	}
}
