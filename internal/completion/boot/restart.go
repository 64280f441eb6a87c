package boot

import (
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// restart is step 11: the documented call, asked again while Windows says that it is not ready; when it fails for good,
// the value that Windows Setup uses for the same purpose (observed). When that fails too, the join takes effect at
// whatever restart comes next, and the record says so.
func (r *run) restart(out Outcome) Outcome {
	told := len(r.notes)
	if r.try("asking for the restart", r.askRestart) {
		return out
	}
	r.try("setting SetupShutdownRequired", func() error {
		err := r.sys.SetNumber(completion.SetupKey, completion.ValueSetupShutdownRequired, 1)
		if err != nil {
			return err
		}
		return r.sys.Flush(completion.SetupKey)
	})
	r.notes = append(r.notes, "restart Windows when it does not do so by itself")
	r.notes = r.notes[told:] // out has the others
	r.record(out)
	out.Text = r.withNotes(out.Text)
	r.log(out.State + ": " + out.Text)
	return out
}

func (r *run) askRestart() error {
	end := time.Now().Add(r.limits.Restart)
	for {
		err := r.sys.Restart()
		if err == nil {
			return nil
		}
		code := codeOf(err)
		if code == winerr.ShutdownInProgress {
			return nil
		}
		if code != winerr.NotReady || !pause(end, r.limits.Poll) {
			return err
		}
	}
}
