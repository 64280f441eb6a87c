package boot

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// restart is step 8: the documented call, asked again while Windows says that it is not ready; when it fails for good,
// the value that Windows Setup uses for the same purpose (observed). When that fails too, the join takes effect at
// whatever restart comes next, and the record says so.
func (r *run) restart(out Outcome) {
	if r.try("asking for the restart", r.askRestart) {
		return
	}
	r.try("setting SetupShutdownRequired", func() error {
		err := r.sys.SetNumber(completion.SetupKey, completion.ValueSetupShutdownRequired, 1)
		if err != nil {
			return err
		}
		return r.sys.Flush(completion.SetupKey)
	})
	r.notes = append(r.notes, "restart Windows when it does not do so by itself")
	r.record(out)
}

func (r *run) askRestart() error {
	ctx, cancel := context.WithTimeout(context.Background(), r.limits.Restart)
	defer cancel()
	for {
		err := r.sys.Restart()
		code, _ := winerr.CodeOf(err)
		if code == shutdownInProgress {
			return nil
		}
		if code != notReady || !pause(ctx, r.limits.Poll) {
			return err
		}
	}
}
