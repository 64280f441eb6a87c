package remotedir_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// tree makes a Windows directory with the given files (name → content) and returns its path.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Windows")
	must(t, os.Mkdir(dir, 0o755))
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(p), 0o755))
		must(t, os.WriteFile(p, []byte(content), 0o644))
	}
	return dir
}

func at(windows string) imagefs.Location {
	return imagefs.Location{WindowsPath: windows, Machine: "rescue"}
}

// windows is a session whose names are relative to its Windows directory.
type windows struct{ *remotedir.Session }

func openWindows(ctx context.Context, t *testing.T, d *disk, dir string) windows {
	t.Helper()
	s, err := remotedir.NewTree(d, at(dir)).Open(ctx, imagefs.Write)
	must(t, err)
	return windows{s}
}

func in(name string) string { return "Windows/" + name }

func (w windows) Open(name string) (imagefs.File, error)      { return w.Session.Open(in(name)) }
func (w windows) OpenWrite(name string) (imagefs.File, error) { return w.Session.OpenWrite(in(name)) }
func (w windows) Create(name string) (imagefs.File, error)    { return w.Session.Create(in(name)) }
func (w windows) Remove(name string) error                    { return w.Session.Remove(in(name)) }
func (w windows) Mkdir(name string) error                     { return w.Session.Mkdir(in(name)) }
func (w windows) RemoveDir(name string) error                 { return w.Session.RemoveDir(in(name)) }

func (w windows) Rename(name, as string) error           { return w.Session.Rename(in(name), as) }
func (w windows) Stat(name string) (imagefs.Info, error) { return w.Session.Stat(in(name)) }
func (w windows) SyncDir(name string) error              { return w.Session.SyncDir(in(name)) }

// finish commits, for its error.
func (w windows) finish() error {
	_, err := w.Commit(context.Background())
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, f imagefs.File) string {
	t.Helper()
	size, err := f.Size()
	must(t, err)
	b, err := io.ReadAll(io.NewSectionReader(f, 0, size))
	must(t, err)
	return string(b)
}

func wantCode(t *testing.T, err error, code winerr.Code, words ...string) {
	t.Helper()
	if got, ok := winerr.CodeOf(err); !ok || got != code {
		t.Fatalf("error %v: want code %v", err, code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not have %q", err, w)
		}
	}
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
