package ledger_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func openRun(t *testing.T, id string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.OpenRun(id, 0)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// These tests set the environment, so they are not parallel.
func TestARunKnowsItsOwnUses(t *testing.T) {
	dir := privateFolder(t)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	stage(t, openRun(t, "../run 1"), claim(1, "one", "a"))
	refused(t, openRun(t, "../run 1"), claim(1, "one", "b"))
	stage(t, openRun(t, "run 2"), claim(1, "one", "b"))
	names, err := filepath.Glob(filepath.Join(dir, "offlinejoin", "run-*.jsonl"))
	if err != nil || len(names) != 2 {
		t.Errorf("files %q, %v; want 2", names, err)
	}
	if _, err := ledger.OpenRun("", 0); err == nil {
		t.Error("a run without a name was taken")
	}
}

func TestARunsFileGoesAfterAWeek(t *testing.T) {
	dir := privateFolder(t)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	stage(t, openRun(t, "old"), claim(1, "one", "a"))
	foreign := filepath.Join(dir, "offlinejoin", "run-notes.txt")
	add(t, foreign, "mine")
	names, err := filepath.Glob(filepath.Join(dir, "offlinejoin", "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("files %q, %v", names, err)
	}
	old := time.Now().Add(-8 * 24 * time.Hour)
	for _, name := range names {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	stage(t, openRun(t, "new"), claim(1, "one", "b"))
	left, err := filepath.Glob(filepath.Join(dir, "offlinejoin", "*"))
	if err != nil || len(left) != 3 { // the new two, and what is not ours
		t.Errorf("files %q, %v", left, err)
	}
	if got := content(t, foreign); string(got) != "mine" {
		t.Errorf("a foreign file holds %q", got)
	}
}

func TestARunUsesNoFolderOfOthers(t *testing.T) {
	if os.PathSeparator != '/' {
		t.Skip("skipped: Windows has no mode bits")
	}
	base := t.TempDir()
	for _, name := range []string{"XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "HOME", "TMPDIR"} {
		t.Setenv(name, filepath.Join(base, name))
	}
	open := []string{
		"XDG_RUNTIME_DIR/offlinejoin", "XDG_CACHE_HOME/offlinejoin", "HOME/Library/Caches/offlinejoin",
	}
	for _, name := range open {
		if err := os.MkdirAll(filepath.Join(base, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	stage(t, openRun(t, "run"), claim(1, "one", "a"))
	used, err := filepath.Glob(filepath.Join(base, "TMPDIR", "offlinejoin-*", "run-*.jsonl"))
	if err != nil || len(used) != 1 {
		t.Errorf("files %q, %v", used, err)
	}
	if err := os.Chmod(filepath.Dir(used[0]), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err = ledger.OpenRun("run", 0)
	if code, _ := winerr.CodeOf(err); code != winerr.AccessDenied || !strings.Contains(err.Error(), "XDG_RUNTIME_DIR") {
		t.Errorf("error %v, want code 5", err)
	}
}
