package offlinejoin

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// An interruption after the commit, while the image is read again, says what was done, and not only that it was interrupted.
func TestAnInterruptedReadBackSaysWhatWasWritten(t *testing.T) {
	t.Parallel()
	req := newImage(t, sample.Image{})
	interrupted := func() (context.Context, Image) {
		ctx, cancel := context.WithCancel(t.Context())
		image, visits := req.Image, 0
		image.Open = func(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
			if visits++; visits == 2 {
				cancel()
			}
			return open.Image(ctx, at, mode)
		}
		return ctx, image
	}
	ctx, image := interrupted()
	staging := req
	staging.Image = image
	_, err := Stage(ctx, staging)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "was written to") {
		t.Errorf("stage: %v", err)
	}
	if st := statusOf(t, req); st.State != StateStaged {
		t.Errorf("after an interrupted stage: %s", st.State)
	}
	ctx, image = interrupted()
	_, err = Unstage(ctx, UnstageRequest{Image: image})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "was taken back") {
		t.Errorf("unstage: %v", err)
	}
	if st := statusOf(t, req); st.State != StateAbsent {
		t.Errorf("after an interrupted unstage: %s", st.State)
	}
}
