package lock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
)

func newImage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image [1].raw")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(path string, m lock.Mode) (*lock.File, error) {
	return lock.Open(context.Background(), path, m, lock.Options{})
}

func mustOpen(t *testing.T, path string, m lock.Mode) *lock.File {
	t.Helper()
	f, err := open(path, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if f.Weak {
		t.Skip("skipped: the file system of the temporary folder has no locks")
	}
	return f
}

func wantInUse(t *testing.T, err error) {
	t.Helper()
	var used *lock.InUseError
	if !errors.As(err, &used) {
		t.Errorf("%v, want that it is in use", err)
	}
}

func TestReadersShareAndWritersDoNot(t *testing.T) {
	t.Parallel()
	path := newImage(t)
	first := mustOpen(t, path, lock.Read)
	second := mustOpen(t, path, lock.Read)
	_, err := open(path, lock.Change)
	wantInUse(t, err)
	for _, f := range []*lock.File{first, second} {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	writer := mustOpen(t, path, lock.Change)
	for _, m := range []lock.Mode{lock.Read, lock.Change} {
		_, err := open(path, m)
		wantInUse(t, err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path, lock.Read)
}

func TestWaitUntilTheImageIsFree(t *testing.T) {
	t.Parallel()
	path := newImage(t)
	holder := mustOpen(t, path, lock.Change)
	freed := make(chan error, 1)
	waiting := make(chan struct{})
	go func() {
		<-waiting
		time.Sleep(150 * time.Millisecond)
		freed <- holder.Close()
	}()
	close(waiting)
	f, err := lock.Open(context.Background(), path, lock.Change, lock.Options{Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-freed, f.Close()); err != nil {
		t.Error(err)
	}
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	path := newImage(t)
	mustOpen(t, path, lock.Change)
	_, err := lock.Open(context.Background(), path, lock.Read, lock.Options{Wait: 150 * time.Millisecond})
	wantInUse(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = lock.Open(ctx, path, lock.Read, lock.Options{Wait: time.Hour})
	wantInUse(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}

func TestVMwareFolders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ disk, folder, file string }{
		"descriptor":  {"win.vmdk", "win.vmdk.lck", "M12345.lck"},
		"flat extent": {"win-flat.vmdk", "win.vmdk.lck", "M12345.lck"},
		"odd name":    {"win [a]*?.vmdk", "win [a]*?.vmdk.lck", "M1.lck"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, c.disk)
			if err := os.WriteFile(path, make([]byte, 512), 0o600); err != nil {
				t.Skip("skipped: no such file names here")
			}
			folder := filepath.Join(dir, c.folder)
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			mustOpen(t, path, lock.Change).Close() // an empty folder is left behind by a machine that was shut down
			if err := os.WriteFile(filepath.Join(folder, c.file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, m := range []lock.Mode{lock.Read, lock.Change} {
				_, err := open(path, m)
				wantInUse(t, err)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := open(filepath.Join(t.TempDir(), "none"), lock.Read)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that there is none", err)
	}
}
