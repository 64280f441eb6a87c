package localdir_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExchangeWhileOpening lets an enemy swap a directory with a link to the outside, and the file with a link to the
// file beside it, as fast as it can. No open may ever give anything but the real file, whoever wins.
func TestExchangeWhileOpening(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"config/SYSTEM": "right", "config/SAM": "wrong"})
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "SYSTEM"), []byte("outside"), 0o644))
	must(t, os.Symlink(outside, filepath.Join(dir, "swap")))
	must(t, os.Symlink("SAM", filepath.Join(dir, "config", "swap")))

	stop := make(chan struct{})
	var enemy sync.WaitGroup
	enemy.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				exchange(filepath.Join(dir, "config"), filepath.Join(dir, "swap"))
				exchange(filepath.Join(dir, "config", "SYSTEM"), filepath.Join(dir, "config", "swap"))
			}
		}
	})
	defer enemy.Wait()
	defer close(stop)
	opened := 0
	for opened < 1000 {
		f, err := image.OpenWrite("config/SYSTEM")
		if err != nil {
			continue
		}
		opened++
		got := read(t, f)
		f.Close()
		if got != "right" {
			t.Fatalf("opened %q", got)
		}
	}
}

// exchange swaps two names in one step.
func exchange(a, b string) {
	_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
