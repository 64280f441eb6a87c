package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// A ledger by another name has another lock, and is the same ledger.
func TestOneLedgerByTwoNames(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	begin(t, l, claim(500, "first", "first"))
	second := filepath.Join(t.TempDir(), "l")
	if err := os.Link(path, second); err != nil {
		t.Fatal(err)
	}
	const accounts = 100
	won := make(chan int)
	for _, name := range []string{path, second} {
		go func() {
			n := 0
			for account := range accounts {
				_, err := ledger.Open(name, time.Minute).Begin(t.Context(), claim(account, fmt.Sprint(account), name))
				if err == nil {
					n++
				} else if winerrOf(err) != winerr.AccountReuseBlocked {
					t.Error(err)
				}
			}
			won <- n
		}()
	}
	if n := <-won + <-won; n != accounts || len(force(t, l)) != 1+accounts {
		t.Errorf("%d won and %d in force, want %d, and one more in force", n, len(force(t, l)), accounts)
	}
}

// A file that is mounted by itself, as into a container, stays the old one when the ledger is compacted.
func TestAMountedLedgerThatWasReplaced(t *testing.T) {
	t.Parallel()
	l, path := newFile(t)
	stage(t, l, claim(1, "one", "a"))
	mounted := filepath.Join(t.TempDir(), "mounted")
	add(t, mounted, "")
	if err := syscall.Mount(path, mounted, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mounted, syscall.MNT_DETACH) })
	there := ledger.Open(mounted, 0)
	stage(t, there, claim(2, "two", "b"))
	if err := os.WriteFile(path+".new", content(t, path), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	_, begun := there.Begin(t.Context(), claim(3, "three", "c"))
	_, read := there.InForce(t.Context())
	for _, err := range []error{begun, read} {
		if winerrOf(err) != winerr.InvalidParameter || !strings.Contains(err.Error(), "mount its folder") {
			t.Errorf("got %v", err)
		}
	}
}

// What would keep a use from being recorded is seen without writing.
func TestALedgerThatCannotBeWrittenIsSeenBefore(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "none")
	l := ledger.Open(filepath.Join(folder, "l"), 0)
	compare := func(want winerr.Code) {
		t.Helper()
		before := l.Writable(t.Context())
		if names, err := os.ReadDir(folder); err == nil && len(names) > 0 {
			t.Errorf("looking has made %v", names)
		}
		_, err := l.Begin(t.Context(), claim(1, "one", "a"))
		if before == nil || err == nil || before.Error() != err.Error() || winerrOf(err) != want {
			t.Errorf("before: %v; then: %v; want code %d", before, err, want)
		}
	}
	compare(winerr.FileNotFound)
	if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // may write everything but what cannot be written
		if err := syscall.Mount("none", folder, "tmpfs", syscall.MS_RDONLY, ""); err != nil {
			t.Skipf("nothing can be mounted here: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	}
	compare(winerr.AccessDenied)
}
