package boot

import (
	"context"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// join is step 4. It wipes blob: when the call is over, or never when it does not come back, because Windows may still
// be reading it; then the end of the process takes the memory.
func (r *run) join(blob []byte) winerr.Code {
	ctx, cancel := context.WithTimeout(context.Background(), r.limits.Join)
	defer cancel()
	done := make(chan winerr.Code, 1)
	go func() {
		code := r.joinWhenReady(ctx, blob)
		clear(blob)
		done <- code
	}()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
		return winerr.Timeout
	}
}

// joinWhenReady calls again while the Workstation service has not started, up to the limit for that.
func (r *run) joinWhenReady(ctx context.Context, blob []byte) winerr.Code {
	ready, cancel := context.WithTimeout(ctx, r.limits.Workstation)
	defer cancel()
	for {
		code := unhandledException
		_ = guarded(func() error { code = r.sys.Join(blob); return nil })
		if code != winerr.WkstaNotStarted || !pause(ready, r.limits.Poll) {
			return code
		}
	}
}

// pause waits for d. It does not wait, and reports false, when ctx would be over by then.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	time.Sleep(d)
	return ctx.Err() == nil
}
