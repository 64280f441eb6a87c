package offlinejoin

import (
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// holdImage keeps the image locked until release.
func holdImage(t *testing.T, windowsPath string) (release func()) {
	t.Helper()
	im, err := place{windowsPath: windowsPath}.open(t.Context(), winimage.Write)
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
	release := holdImage(t, req.WindowsPath)
	_, err := Stage(t.Context(), req)
	if code, _ := winerr.CodeOf(err); code != winerr.Busy || !strings.Contains(err.Error(), "wait until it is done") {
		t.Errorf("error %v", err)
	}
	go func() {
		time.Sleep(3 * lockPoll)
		release()
	}()
	req.LockTimeout = time.Minute
	if _, err := Stage(t.Context(), req); err != nil {
		t.Error(err)
	}
}

func TestTargetStaysTheCallers(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	fs, err := imagefs.Directory(req.WindowsPath)
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	req.WindowsPath, req.Target = "", fs
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if _, err := Unstage(t.Context(), UnstageRequest{Target: fs}); err != nil {
		t.Fatal(err)
	}
	st, err := ReadStatus(t.Context(), StatusRequest{Target: fs})
	if err != nil || st.State != StateAbsent {
		t.Errorf("status %+v, %v", st, err)
	}
}
