package offlinejoin

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Reading an image that somebody else is changing never finds damage, nor a join that is not whole: it finds what was there
// before or after.
func TestReadingWhileOthersChangeTheImage(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	const cycles = 25
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < cycles && err == nil; i++ {
			if _, err = Stage(t.Context(), req); err == nil {
				_, err = Unstage(t.Context(), UnstageRequest{Image: req.Image})
			}
		}
		done <- err
	}()
	reader := req
	reader.Blob = readBlob(t, testBlob(t, "WEB01").DjoinFile())
	for reads := 0; ; reads++ {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d reads during %d stages and unstages", reads, cycles)
			return
		default:
		}
		if st, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image}); err != nil && !isBusy(err) {
			t.Errorf("status: %v", err)
		} else if err == nil && st.State != StateAbsent && st.State != StateStaged {
			t.Errorf("status %s", st.State)
		}
		if _, err := Plan(t.Context(), reader); err != nil && !isBusy(err) {
			t.Errorf("plan: %v", err)
		}
	}
}

func isBusy(err error) bool {
	code, _ := winerr.CodeOf(err)
	return code == winerr.Busy
}

// A file that changes while it is read is read again, and an error about it is busy in the end, not damage.
func TestAnImageThatKeepsChangingIsBusy(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	im, err := req.Image.open(t.Context(), imagefs.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	if err := im.checkSteady(); err != nil {
		t.Errorf("nobody has changed it: %v", err)
	}
	system := filepath.Join(req.Image.WindowsPath, "System32", "config", "SYSTEM")
	content := readFile(t, system)
	content[4]++ // the first sequence number
	must(t, os.WriteFile(system, content, 0o600))
	if err := im.checkSteady(); !isBusy(err) {
		t.Errorf("somebody has begun to change it: %v", err)
	}
}
