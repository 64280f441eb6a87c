package offlinejoin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
