package offlinejoin

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// holdImage keeps the image locked until release.
func holdImage(t *testing.T, windowsPath string) (release func()) {
	t.Helper()
	im, err := ImageAt(windowsPath).open(t.Context(), imagefs.Write)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := im.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLockedImageIsRefusedOrWaitedFor(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	release := holdImage(t, req.Image.WindowsPath)
	_, err := Stage(t.Context(), req)
	if code, _ := winerr.CodeOf(err); code != winerr.Busy || !strings.Contains(err.Error(), "wait until it is done") {
		t.Errorf("error %v", err)
	}
	go func() {
		time.Sleep(3 * lockPoll)
		release()
	}()
	req.Image.LockTimeout = time.Minute
	if _, err := Stage(t.Context(), req); err != nil {
		t.Error(err)
	}
}

// openings counts the sessions that are opened and closed.
type openings struct{ opened, closed int }

type countedSession struct {
	imagefs.Session
	count *openings
}

func (s countedSession) Close() error {
	s.count.closed++
	return s.Session.Close()
}

func (o *openings) open(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	s, err := open.Image(ctx, at, mode)
	if err != nil {
		return nil, err
	}
	o.opened++
	return countedSession{s, o}, nil
}

// What was written is read back through another session than it was written through, and each is closed.
func TestReadBackOpensTheImageAnew(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	count := &openings{}
	req.Image.Open = count.open
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if *count != (openings{2, 2}) {
		t.Errorf("staging: %+v, want two sessions", *count)
	}
	if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
		t.Fatal(err)
	}
	if *count != (openings{4, 4}) {
		t.Errorf("unstaging: %+v, want two sessions more", *count)
	}
	if _, err := Plan(t.Context(), req); err != nil || *count != (openings{5, 5}) {
		t.Errorf("planning: %+v, %v", *count, err)
	}
}

// What an image is and what it holds are read in one visit.
func TestInspectOpensTheImageOnce(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	count := &openings{}
	found, err := Inspect(t.Context(), StatusRequest{Image: Image{Location: req.Image.Location, Open: count.open}})
	if err != nil || *count != (openings{1, 1}) {
		t.Errorf("%+v, %v; want one session", *count, err)
	}
	if found.Status.State != StateStaged || found.Facts.ComputerName != "WIN-7Q2K" {
		t.Errorf("status %s of %s", found.Status.State, found.Facts.ComputerName)
	}
}
