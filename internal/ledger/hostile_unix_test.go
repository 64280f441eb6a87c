//go:build unix

package ledger_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Neither the ledger nor its lock is what a link points to, and a pipe is not waited for.
func TestLinksAndPipesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	for _, suffix := range []string{"", ".lock"} {
		for kind, make := range map[string]func(name string) error{
			"link":          func(name string) error { return os.Symlink(victim, name) },
			"dangling link": func(name string) error { return os.Symlink(victim+".none", name) },
			"pipe":          func(name string) error { return syscall.Mkfifo(name, 0o600) },
		} {
			if kind == "pipe" && suffix != "" {
				continue // as good a lock as any
			}
			add(t, victim, "")
			path := filepath.Join(dir, kind+suffix)
			if err := make(path + suffix); err != nil {
				t.Fatal(err)
			}
			_, err := ledger.Open(path, 0).Begin(t.Context(), claim(1, "one", "a"))
			if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), " is a link") {
				t.Errorf("%s%s: error %v", kind, suffix, err)
			}
			if got := content(t, victim); len(got) > 0 {
				t.Errorf("%s%s: %d bytes were written through it", kind, suffix, len(got))
			}
			if _, err := os.Lstat(victim + ".none"); err == nil {
				t.Errorf("%s%s: a file was made through it", kind, suffix)
			}
		}
	}
}

func TestALedgerWithoutTheRight(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("skipped: root may write everything")
	}
	l, path := newFile(t)
	add(t, path, "")
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	_, err := l.Begin(t.Context(), claim(1, "one", "a"))
	if code, _ := winerr.CodeOf(err); code != winerr.AccessDenied {
		t.Errorf("error %v, want code 5", err)
	}
}
