//go:build unix

package localdir_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestNothingLeadsOut plants what an enemy could put in an image, and tries every operation on it. The pipe must not
// make any of them wait.
func TestNothingLeadsOut(t *testing.T) {
	t.Parallel()
	plant := map[string]func(at, outside string) error{
		"symlink to a file":       func(at, out string) error { return os.Symlink(filepath.Join(out, "victim"), at) },
		"symlink inside":          func(at, _ string) error { return os.Symlink("../inside", at) },
		"dangling symlink":        func(at, out string) error { return os.Symlink(filepath.Join(out, "new"), at) },
		"symlink to a directory":  func(at, out string) error { return os.Symlink(out, at) },
		"symlink of another case": func(at, out string) error { return os.Symlink(out, filepath.Dir(at)+"/system") },
		"pipe":                    func(at, _ string) error { return unix.Mkfifo(at, 0o644) },
		"directory":               func(at, _ string) error { return os.Mkdir(at, 0o755) },
	}
	for name, put := range plant {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image, dir := tree(t, map[string]string{"config/x": "", "inside": "inside"})
			outside := t.TempDir()
			must(t, os.WriteFile(filepath.Join(outside, "victim"), []byte("safe"), 0o644))
			must(t, put(filepath.Join(dir, "config", "SYSTEM"), outside))

			_, openErr := image.Open("config/SYSTEM")
			_, writeErr := image.OpenWrite("config/SYSTEM")
			_, createErr := image.Create("config/SYSTEM")
			_, appliedErr := image.SetSecurity("config/SYSTEM", []byte("sd"))
			for _, err := range []error{openErr, writeErr, appliedErr, image.Remove("config/SYSTEM")} {
				if _, ok := errors.AsType[*imagefs.IrregularError](err); !ok {
					t.Errorf("error %v, want an IrregularError", err)
				}
			}
			wantCode(t, openErr, winerr.InvalidParameter)
			if createErr == nil {
				t.Error("Create over it succeeded")
			}
			got, err := os.ReadFile(filepath.Join(outside, "victim"))
			must(t, err)
			if string(got) != "safe" {
				t.Errorf("the file outside was written: %q", got)
			}
			if entries, _ := os.ReadDir(outside); len(entries) != 1 {
				t.Errorf("something was made outside: %v", entries)
			}
		})
	}
}

func TestDirectoryComponentIsALink(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"real/SYSTEM": "x"})
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "SYSTEM"), []byte("outside"), 0o644))
	must(t, os.Symlink(outside, filepath.Join(dir, "config")))
	must(t, os.Symlink("real", filepath.Join(dir, "inner")))
	for _, name := range []string{"config/SYSTEM", "inner/SYSTEM"} {
		_, err := image.Open(name)
		wantCode(t, err, winerr.InvalidParameter, "a symbolic link")
		_, err = image.Create(filepath.Dir(name) + "/new")
		wantCode(t, err, winerr.InvalidParameter, "a symbolic link")
		_, err = image.ReadDir(filepath.Dir(name))
		wantCode(t, err, winerr.InvalidParameter, "a symbolic link")
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 1 {
		t.Errorf("something was made outside: %v", entries)
	}
}

func TestWindowsDirectoryIsALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	must(t, os.Symlink("real", filepath.Join(dir, "Windows")))
	_, err := localdir.OpenTree(filepath.Join(dir, "Windows"))
	wantCode(t, err, winerr.InvalidParameter, "a symbolic link, not a directory")
}
