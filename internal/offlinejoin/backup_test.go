package offlinejoin

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestBackupIsWhatTheHiveWas(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	hive := filepath.Join(req.Image.WindowsPath, "System32", "config", "SYSTEM")
	before := readFile(t, hive)
	req.Backup = filepath.Join(t.TempDir(), "web01", "before")

	if _, err := Plan(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(req.Backup); err == nil {
		t.Error("planning has made a backup")
	}
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(req.Backup, "SYSTEM")
	if !bytes.Equal(readFile(t, copied), before) {
		t.Error("the copy is not what the hive was")
	}
	if info, err := os.Lstat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info.Mode(), err)
	}
	if bytes.Equal(readFile(t, hive), before) {
		t.Error("nothing was staged")
	}
}

func TestBackupIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	req.Backup = t.TempDir()
	kept := filepath.Join(req.Backup, "SYSTEM")
	if err := os.WriteFile(kept, []byte("another image's hive"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, req.Image.WindowsPath)
	_, err := Stage(t.Context(), req)
	if code, _ := winerr.CodeOf(err); code != winerr.CantCreateJoinInfo || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("error %v", err)
	}
	if string(readFile(t, kept)) != "another image's hive" || tree(t, req.Image.WindowsPath) != before {
		t.Error("something was written")
	}

	// The same copy, of a run that was stopped, is taken.
	if err := os.WriteFile(kept, readFile(t, filepath.Join(req.Image.WindowsPath, "System32", "config", "SYSTEM")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Stage(t.Context(), req); err != nil {
		t.Error(err)
	}
}

// What would refuse the copy is said by the plan.
func TestBackupThatCannotBeIsSeenInThePlan(t *testing.T) {
	t.Parallel()
	for want, prepare := range map[string]func(dir string) (backup string){
		"is no folder": func(dir string) string { return filepath.Join(dir, "file") },
		"is there already and is no copy of it: staging would be refused": func(dir string) string {
			return filepath.Join(dir, "other")
		},
		"": func(dir string) string { return filepath.Join(dir, "none", "yet") },
	} {
		req := newImage(t, sample.Image{})
		dir := t.TempDir()
		for _, err := range []error{
			os.WriteFile(filepath.Join(dir, "file"), nil, 0o600), os.Mkdir(filepath.Join(dir, "other"), 0o700),
			os.WriteFile(filepath.Join(dir, "other", "SYSTEM"), []byte("another image's hive"), 0o600),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		req.Backup = prepare(dir)
		receipt, err := Plan(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(receipt.Warnings, "\n"); !strings.Contains(got, want) || (want == "") != !strings.Contains(got, "would be refused") {
			t.Errorf("warnings %q, want %q", got, want)
		}
		if _, err := Stage(t.Context(), req); (err != nil) != (want != "") {
			t.Errorf("%q: then %v", want, err)
		}
	}
}

// A run that is killed while it copies leaves nothing that is in the way of the next one.
func TestBackupHasItsNameWhenItIsWhole(t *testing.T) {
	t.Parallel()
	hive := bytes.Repeat([]byte("hive"), 100<<10)
	to := filepath.Join(t.TempDir(), "SYSTEM")
	var seen []error
	v := watchedVolume{content: hive, read: func() {
		_, err := os.Lstat(to)
		seen = append(seen, err)
	}}
	if err := backUpFile(v, "SYSTEM", to); err != nil || !bytes.Equal(readFile(t, to), hive) {
		t.Errorf("error %v", err)
	}
	if len(seen) < 2 || slices.Contains(seen, nil) {
		t.Errorf("it was there before it was whole: %v", seen)
	}
	// Another run is faster with the same copy.
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	v.read = sync.OnceFunc(func() {
		if err := os.WriteFile(to, hive, 0o600); err != nil {
			t.Error(err)
		}
	})
	if err := backUpFile(v, "SYSTEM", to); err != nil {
		t.Errorf("error %v", err)
	}
}

// watchedVolume has one file, and tells when it is read.
type watchedVolume struct {
	imagefs.Volume
	content []byte
	read    func()
}

func (v watchedVolume) Open(string) (imagefs.File, error) { return watchedFile{volume: v}, nil }

type watchedFile struct {
	imagefs.File
	volume watchedVolume
}

func (f watchedFile) ReadAt(p []byte, off int64) (int, error) {
	f.volume.read()
	return bytes.NewReader(f.volume.content).ReadAt(p, off)
}

func (f watchedFile) Size() (int64, error) { return int64(len(f.volume.content)), nil }
func (f watchedFile) Close() error         { return nil }

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
