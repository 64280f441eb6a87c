//go:build unix

package localdir_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// TestErrorsAreSafeForALine makes every kind of refusal about files whose names try to act on a terminal.
func TestErrorsAreSafeForALine(t *testing.T) {
	t.Parallel()
	const evil = "evil\x1b]0;owned\x07\r\n\u009b31m\u202e"
	root := filepath.Join(t.TempDir(), evil)
	in := func(name string) string { return filepath.Join(root, "Windows", name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(in("Folder"), 0o700))
	for _, name := range []string{"one", "ONE", "file", "locked", evil} {
		must(os.WriteFile(in(name), []byte("x"), 0o600))
	}
	must(os.Symlink("file", in("link")))
	must(syscall.Mkfifo(in("pipe"), 0o600))
	s, err := localdir.Open(in(""))
	must(err)
	defer s.Close()
	locked, err := s.OpenWrite("Windows/locked")
	must(err)
	defer locked.Close()
	if _, err := locked.TryLock(); err != nil {
		t.Fatal(err)
	}
	open := func(name string) error {
		f, err := s.Open("Windows/" + name)
		if err == nil {
			f.Close()
		}
		return err
	}
	image := func(path string) error {
		s, err := localdir.Open(path)
		if err == nil {
			s.Close()
		}
		return err
	}
	create := func(name string) error {
		f, err := s.Create("Windows/" + name)
		if err == nil {
			f.Close()
		}
		return err
	}
	lock := func() error {
		f, err := s.OpenWrite("Windows/locked")
		must(err)
		defer f.Close()
		_, err = f.TryLock()
		return err
	}
	for what, err := range map[string]error{
		"no image": image(filepath.Join(root, "none", evil)), "another case": image(filepath.Join(root, "WINDOWS")),
		"a file as image": image(in("file")), "several spellings": open("One"), "link": open("link"), "pipe": open("pipe"),
		"folder": open("Folder"), "below a file": open("file/x"), "missing": open("none"), "hostile and missing": open(evil + "x"),
		"a name that is taken": create("file"), "a colon": open(evil + ":stream"), "Remove": s.Remove("Windows/Folder"),
		"RemoveDir": s.RemoveDir("Windows/file"), "Rename": s.Rename("Windows/file", "Folder"), "locked": lock(),
		"Mkdir": s.Mkdir("Windows/file"), "the image itself": s.Remove("Windows"),
	} {
		if err == nil {
			t.Errorf("%s is no error", what)
		} else if !plaintext.Safe(err.Error()) {
			t.Errorf("%s: %q", what, err)
		} else if !strings.Contains(err.Error(), "evil") {
			t.Errorf("%s does not name the file: %q", what, err)
		}
	}
	for what, text := range map[string]string{
		"String": s.String(), "Path": s.Path("Windows/" + evil), "Location": imagefs.Location{WindowsPath: in("")}.String(),
	} {
		if !plaintext.Safe(text) {
			t.Errorf("%s is %q", what, text)
		}
	}
	at := imagefs.Location{WindowsPath: in("")}
	if at.ID() != filepath.Clean(at.WindowsPath) || s.Windows() != "Windows" {
		t.Error("what is compared is not kept as it was written")
	}
}
