package localdir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestRename(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "System32"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("System32/new.tmp", "new")
	write("System32/ODJBOOT.EXE", "old")
	fs, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()

	for _, bad := range []string{"../out.exe", "a/b.exe", "a:b", `a\b`, "", ".", ".."} {
		if err := fs.Rename("System32/new.tmp", bad); !hasCode(err, winerr.InvalidParameter) {
			t.Errorf("a new name %q: %v", bad, err)
		}
	}
	if err := fs.Rename("System32/new.tmp", "odjboot.exe"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "System32"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "System32", entries[0].Name()))
	if err != nil || string(got) != "new" {
		t.Errorf("%q, %v", got, err)
	}

	outside := filepath.Join(t.TempDir(), "outside.exe")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "System32", "link.exe")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	var irregular *imagefs.IrregularError
	if err := fs.Rename("System32/odjboot.exe", "link.exe"); !errors.As(err, &irregular) {
		t.Errorf("renaming over a link: %v", err)
	}
}

func hasCode(err error, want winerr.Code) bool {
	code, ok := winerr.CodeOf(err)
	return ok && code == want
}

// TestLink gives a file a second name, and takes none that something has.
func TestLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"Unattend.xml": "old", "Other.TMP": "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, bad := range []string{"../out.tmp", "a/b.tmp", "a:b", "", "..", "other.tmp", "UNATTEND.XML"} {
		if err := tree.Link("unattend.xml", bad); err == nil {
			t.Errorf("a second name %q was given", bad)
		}
	}
	if err := tree.Link("none.xml", "second.tmp"); !hasCode(err, winerr.FileNotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := tree.Link("unattend.xml", "second.tmp"); err != nil {
		t.Skip("no hard links here:", err)
	}
	for _, name := range []string{"unattend.xml", "second.tmp"} {
		if info, err := tree.Stat(name); err != nil || info.Links != 2 {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	if err := tree.Remove("unattend.xml"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "second.tmp")); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}
