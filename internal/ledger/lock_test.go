package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestLockKeepsTwoApart(t *testing.T) {
	t.Parallel()
	name := "test " + rand.Text() // its file outlives the test, for a week
	unlock, err := Lock(t.Context(), name, "the image", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(t.Context(), name, "the image", 0); err == nil || codeOf(err) != winerr.Busy {
		t.Errorf("twice: %v", err)
	}
	other, err := Lock(t.Context(), name+"!", "another image", 0)
	if err != nil {
		t.Errorf("another: %v", err)
	} else {
		other()
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lock(stopped, name, "the image", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	var freed atomic.Bool
	go func() {
		time.Sleep(20 * time.Millisecond)
		freed.Store(true)
		unlock()
	}()
	again, err := Lock(t.Context(), name, "the image", time.Minute)
	if err != nil || !freed.Load() {
		t.Fatalf("waited for: %v, freed %v", err, freed.Load())
	}
	again()
}

// A machine can be so busy that the time is over before the first look: what is free is taken all the same.
func TestAFreeLockIsTakenAfterItsTime(t *testing.T) {
	t.Parallel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	path := filepath.Join(t.TempDir(), "lock")
	for range 20 { // of two ways that are open, select takes any
		unlock, err := lockFile(late, path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lockFile(late, path); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("twice: %v", err)
		}
		unlock()
	}
}

func codeOf(err error) winerr.Code {
	code, _ := winerr.CodeOf(err)
	return code
}
