package localdir_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// tree makes a directory with the given files (name → content) and opens it as an image.
func tree(t *testing.T, files map[string]string) (*localdir.Tree, string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(p), 0o755))
		must(t, os.WriteFile(p, []byte(content), 0o644))
	}
	return open(t, dir), dir
}

func open(t *testing.T, dir string) *localdir.Tree {
	t.Helper()
	image, err := localdir.OpenTree(dir)
	must(t, err)
	t.Cleanup(func() { image.Close() })
	return image
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// needCase skips a test about spellings on hosts where they make no difference (Windows, macOS).
func needCase(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "case"), nil, 0o600))
	if _, err := os.Stat(filepath.Join(dir, "CASE")); err == nil {
		t.Skip("skipped: the file system of the temporary folder does not know case")
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
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestOpenFindsNamesInAnyCase(t *testing.T) {
	t.Parallel()
	needCase(t)
	image, dir := tree(t, map[string]string{"system32/Config/system": "hive"})
	for _, name := range []string{"System32/config/SYSTEM", "system32/Config/system", "SYSTEM32/CONFIG/System"} {
		f, err := image.Open(name)
		must(t, err)
		if got := read(t, f); got != "hive" {
			t.Errorf("%s: content %q", name, got)
		}
		info, err := f.Stat()
		must(t, err)
		if info.Name != "system" || info.Size != 4 || info.Links != 1 || info.IsDir {
			t.Errorf("%s: %+v", name, info)
		}
		must(t, f.Close())
	}
	if got, want := image.Path("a/b"), filepath.Join(dir, "a", "b"); got != want {
		t.Errorf("Path = %q, want %q", got, want)
	}
}

func TestExactSpellingWins(t *testing.T) {
	t.Parallel()
	needCase(t)
	image, _ := tree(t, map[string]string{"config/SYSTEM": "exact", "config/system": "other"})
	f, err := image.Open("Config/SYSTEM")
	must(t, err)
	defer f.Close()
	if got := read(t, f); got != "exact" {
		t.Errorf("content %q", got)
	}
}

func TestSeveralSpellingsAreAmbiguous(t *testing.T) {
	t.Parallel()
	needCase(t)
	image, _ := tree(t, map[string]string{"config/System": "1", "config/system": "2"})
	_, err := image.Open("config/SYSTEM")
	wantCode(t, err, winerr.InvalidParameter, "System and system")
	if _, ok := errors.AsType[*imagefs.AmbiguousError](err); !ok {
		t.Errorf("%v is no AmbiguousError", err)
	}
}

// U+017F folds to s in Unicode, but is another letter on NTFS: it must not pose as SYSTEM.
func TestOnlyASCIIFolds(t *testing.T) {
	t.Parallel()
	needCase(t)
	image, _ := tree(t, map[string]string{"\u017fystem": "impostor"})
	_, err := image.Open("SYSTEM")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want not exist", err)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"config/SYSTEM": "x"})
	_, err := image.Open("config/SAM")
	wantCode(t, err, winerr.FileNotFound, filepath.Join(dir, "config", "SAM"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not match fs.ErrNotExist", err)
	}
	_, err = image.Stat("no/such/dir")
	wantCode(t, err, winerr.FileNotFound)
}

func TestNamesThatAreNotNames(t *testing.T) {
	t.Parallel()
	image, _ := tree(t, map[string]string{"f": "x"})
	for _, name := range []string{"", "/f", "../f", "a/../f", "f/", `a\f`, "f:stream", "C:", "f\x00", "./f"} {
		if _, err := image.Open(name); err == nil {
			t.Errorf("Open(%q) succeeded", name)
		} else {
			wantCode(t, err, winerr.InvalidParameter)
		}
	}
	_, err := image.Open(".")
	wantCode(t, err, winerr.InvalidParameter)
}

func TestOpenIsReadOnly(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"f": "abc"})
	f, err := image.Open("f")
	must(t, err)
	defer f.Close()
	if _, err := f.WriteAt([]byte("X"), 0); err == nil {
		t.Error("WriteAt on a file opened for reading succeeded")
	}
	got, err := os.ReadFile(filepath.Join(dir, "f"))
	must(t, err)
	if string(got) != "abc" {
		t.Errorf("content %q", got)
	}
}

func TestOpenWrite(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"f": "abcdef"})
	f, err := image.OpenWrite("F")
	must(t, err)
	_, err = f.WriteAt([]byte("XY"), 1)
	must(t, err)
	must(t, f.Truncate(4))
	must(t, f.Sync())
	must(t, f.Close())
	got, err := os.ReadFile(filepath.Join(dir, "f"))
	must(t, err)
	if string(got) != "aXYd" {
		t.Errorf("content %q", got)
	}
}

func TestReadAtEnd(t *testing.T) {
	t.Parallel()
	image, _ := tree(t, map[string]string{"f": "abc"})
	f, err := image.Open("f")
	must(t, err)
	defer f.Close()
	if n, err := f.ReadAt(make([]byte, 8), 1); n != 2 || err != io.EOF { // the contract of ReaderAt
		t.Errorf("ReadAt = %d, %v; want 2, io.EOF itself", n, err)
	}
}

func TestCreateAndRemove(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"system32/f": "x"})
	f, err := image.Create("System32/odjboot.exe")
	must(t, err)
	_, err = f.WriteAt([]byte("MZ"), 0)
	must(t, err)
	must(t, f.Close())
	must(t, image.SyncDir("System32"))

	info, err := os.Stat(filepath.Join(dir, "system32", "odjboot.exe"))
	must(t, err)
	if perm := info.Mode().Perm(); filepath.Separator == '/' && perm != 0o600 {
		t.Errorf("mode %v, want 0600", perm)
	}
	_, err = image.Create("system32/ODJBOOT.EXE")
	wantCode(t, err, winerr.CantCreateJoinInfo, "remove it first")
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v does not match fs.ErrExist", err)
	}

	must(t, image.Remove("SYSTEM32/odjboot.exe"))
	_, err = image.Stat("System32/odjboot.exe")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Remove: %v", err)
	}
	err = image.Remove("system32/odjboot.exe")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("second Remove: %v", err)
	}
	err = image.Remove("system32")
	wantCode(t, err, winerr.InvalidParameter, "a directory")
}

func TestReadDir(t *testing.T) {
	t.Parallel()
	image, _ := tree(t, map[string]string{"d/b": "", "d/A": "", "d/c/x": ""})
	entries, err := image.ReadDir("D")
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "A b c" {
		t.Errorf("names %q", got)
	}
	_, err = image.ReadDir("d/b")
	wantCode(t, err, winerr.InvalidParameter, "a regular file, not a directory")
	if _, err := image.ReadDir("."); err != nil {
		t.Errorf("ReadDir(.): %v", err)
	}
}

func TestLinksAreCounted(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"SYSTEM": "x"})
	must(t, os.Link(filepath.Join(dir, "SYSTEM"), filepath.Join(dir, "backup")))
	info, err := image.Stat("system")
	must(t, err)
	if info.Links != 2 {
		t.Errorf("links = %d, want 2", info.Links)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"SYSTEM": "x"})
	first, err := image.OpenWrite("SYSTEM")
	must(t, err)
	held, err := first.TryLock()
	must(t, err)
	if !held {
		t.Skip("skipped: the file system of the temporary folder has no locks")
	}

	other := open(t, dir)
	second, err := other.OpenWrite("system")
	must(t, err)
	defer second.Close()
	held, err = second.TryLock()
	wantCode(t, err, winerr.Busy, "another offlinejoin", dir)
	if held {
		t.Error("two locks at once")
	}

	must(t, first.Close())
	held, err = second.TryLock()
	must(t, err)
	if !held {
		t.Error("the lock is not free after Close")
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("locking left something behind: %v", entries)
	}
}

func TestDirectoryRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	tests := []struct {
		name, path string
		code       winerr.Code
		words      string
	}{
		{"missing", filepath.Join(dir, "nowhere"), winerr.FileNotFound, "is the image mounted"},
		{"file", filepath.Join(dir, "file"), winerr.InvalidParameter, "a regular file, not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := localdir.OpenTree(tt.path)
			wantCode(t, err, tt.code, tt.words)
		})
	}
}

func TestDirectoryTellsTheRightSpelling(t *testing.T) {
	t.Parallel()
	needCase(t)
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "WINDOWS"), 0o755))
	_, err := localdir.OpenTree(filepath.Join(dir, "Windows"))
	wantCode(t, err, winerr.FileNotFound, "did you mean "+filepath.Join(dir, "WINDOWS"))
}
