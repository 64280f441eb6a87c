package newfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// ways are the two kinds of files before they have their name.
func ways() map[string]func(dst string) (*File, error) {
	return map[string]func(string) (*File, error){"as the system can": Create, "temporary name": withName}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	for name, create := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dst := filepath.Join(t.TempDir(), "web01.qcow2")
			f := mustCreate(t, create, dst)
			if _, err := os.Lstat(dst); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it has its name already: %v", err)
			}
			if err := errors.Join(f.Publish(), f.Discard()); err != nil {
				t.Fatal(err)
			}
			wantOnly(t, dst, "whole")
			info, err := os.Stat(dst)
			if err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	for name, create := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dst := filepath.Join(t.TempDir(), "web01.qcow2")
			f := mustCreate(t, create, dst)
			if err := errors.Join(f.Discard(), f.Discard()); err != nil {
				t.Fatal(err)
			}
			wantOnly(t, dst, "")
		})
	}
}

func TestDiscardOverwritesSecrets(t *testing.T) {
	t.Parallel()
	for name, create := range ways() {
		for _, published := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dst := filepath.Join(t.TempDir(), "web01.qcow2")
				f := mustCreate(t, create, dst)
				f.Secret(1, 3)
				f.Secret(4, 1000)
				left := keep(t, f)
				defer left.Close()
				if published {
					if err := os.Mkdir(dst, 0o700); err != nil {
						t.Fatal(err)
					}
					if err := f.Publish(); !errors.Is(err, fs.ErrExist) {
						t.Fatalf("%v, want that it exists", err)
					}
				}
				if err := f.Discard(); err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 10)
				if n, _ := left.ReadAt(b, 0); string(b[:n]) != "w\x00\x00\x00\x00" {
					t.Errorf("%q is left", b[:n])
				}
			})
		}
	}
}

// keep opens the file a second time, to see what is left of it when it is gone.
func keep(t *testing.T, f *File) *os.File {
	t.Helper()
	if filepath.Separator == '\\' {
		t.Skip("skipped: what is open cannot be removed on Windows")
	}
	if f.temp == "" {
		return duplicate(t, f.File)
	}
	again, err := os.Open(f.temp)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestSomebodyElseTakesTheName(t *testing.T) {
	t.Parallel()
	for name, create := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dst := filepath.Join(t.TempDir(), "web01.qcow2")
			f := mustCreate(t, create, dst)
			if err := os.WriteFile(dst, []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := f.Publish(); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%v, want that it exists", err)
			}
			if err := f.Discard(); err != nil {
				t.Fatal(err)
			}
			wantOnly(t, dst, "theirs")
			if _, err := Create(dst); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%v, want that it exists", err)
			}
		})
	}
}

func TestFileSystemsWithoutLinks(t *testing.T) {
	t.Parallel()
	dst := filepath.Join(t.TempDir(), "web01.qcow2")
	f := mustCreate(t, withName, dst)
	if err := errors.Join(f.Close(), reserveAndRename(f.temp, dst)); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, dst, "whole")
	f = mustCreate(t, withName, dst)
	if err := reserveAndRename(f.temp, dst); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v, want that it exists", err)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, dst, "whole")
}

// A server over the network can say that a name is taken which it has just given to this very file.
func TestTheNameIsOursAlready(t *testing.T) {
	t.Parallel()
	dst := filepath.Join(t.TempDir(), "web01.qcow2")
	f := mustCreate(t, withName, dst)
	if err := os.Link(f.temp, dst); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	if err := errors.Join(f.Publish(), f.Discard()); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, dst, "whole")
}

func TestMissingFolder(t *testing.T) {
	t.Parallel()
	if _, err := Create(filepath.Join(t.TempDir(), "none", "web01.qcow2")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want that the folder does not exist", err)
	}
}

func mustCreate(t *testing.T, create func(string) (*File, error), dst string) *File {
	t.Helper()
	f, err := create(dst)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("whole"); err != nil {
		t.Fatal(err)
	}
	return f
}

// wantOnly looks whether the folder of dst holds just dst with this content, or nothing when the content is "".
func wantOnly(t *testing.T, dst, content string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(dst))
	if err != nil {
		t.Fatal(err)
	}
	if content == "" {
		if len(entries) != 0 {
			t.Errorf("the folder holds %v", entries)
		}
		return
	}
	b, err := os.ReadFile(dst)
	if len(entries) != 1 || err != nil || string(b) != content {
		t.Errorf("the folder holds %v, the file %q, %v", entries, b, err)
	}
}

// withName makes a file as systems do that have none without a name.
func withName(dst string) (*File, error) { return createNamed(dst, ownersFile) }
