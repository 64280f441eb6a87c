package localdir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestMakeAndRemoveAFolder(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"system32/f": "x"})
	must(t, image.Mkdir("System32/Panther"))
	info, err := os.Stat(filepath.Join(dir, "system32", "Panther"))
	must(t, err)
	if perm := info.Mode().Perm(); filepath.Separator == '/' && perm != 0o700 {
		t.Errorf("mode %v, want 0700", perm)
	}
	for _, taken := range []string{"System32/PANTHER", "system32/F", "SYSTEM32"} {
		err := image.Mkdir(taken)
		wantCode(t, err, winerr.CantCreateJoinInfo)
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v does not match fs.ErrExist", taken, err)
		}
	}
	for _, bad := range []string{"", ".", "..", "../out", `a\b`, "a:b"} {
		wantCode(t, image.Mkdir(bad), winerr.InvalidParameter)
	}
	err = image.Mkdir("missing/Panther")
	wantCode(t, err, winerr.FileNotFound)

	wantCode(t, image.RemoveDir("system32"), winerr.CantCreateJoinInfo, "not empty")
	wantCode(t, image.RemoveDir("system32/f"), winerr.InvalidParameter, "a regular file")
	wantCode(t, image.RemoveDir("."), winerr.InvalidParameter)
	must(t, image.RemoveDir("SYSTEM32/panther"))
	wantCode(t, image.RemoveDir("system32/panther"), winerr.FileNotFound)
}

func TestFoldersOfLinksAreRefused(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"real/f": ""})
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	var irregular *imagefs.IrregularError
	if err := image.Mkdir("out/Panther"); !errors.As(err, &irregular) {
		t.Errorf("through a link: %v", err)
	}
	if err := image.Mkdir("OUT"); err == nil {
		t.Error("a folder was made over a link")
	}
	if err := image.RemoveDir("out"); !errors.As(err, &irregular) {
		t.Errorf("removing a link: %v", err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}
