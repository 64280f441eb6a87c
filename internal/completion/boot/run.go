package boot

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Run does first boot, step by step as the package comment tells, and returns what it came to. It never panics, and it
// returns within the limits plus the time that single calls of sys take.
func Run(sys System, limits Limits) Outcome {
	r := &run{sys: sys, limits: limits}
	r.try("locking down the program's file", sys.ProtectProgram)
	disarmed := r.disarm()

	var out Outcome
	if err := guarded(func() error { out = r.complete(disarmed); return nil }); err != nil {
		out = failed(err)
	}
	r.try("erasing the blob", r.erase)
	r.try("asking for the program's removal", sys.RemoveProgram)
	if !out.Again {
		r.record(out)
	}
	if out.restarts() {
		r.restart(out)
	}
	out.Text = r.withNotes(out.Text)
	r.log(out)
	return out
}

// run is one first boot.
type run struct {
	sys      System
	limits   Limits
	notes    []string // what failed without stopping the join, in order
	blobSize int      // as the contract check found it
}

// try does a step whose failure stops nothing, and reports whether it went well.
func (r *run) try(what string, step func() error) bool {
	err := said(what, guarded(step))
	if err == nil {
		return true
	}
	if note := oneLine(err.Error()); !slices.Contains(r.notes, note) {
		r.notes = append(r.notes, note)
	}
	return false
}

// withNotes is the sentence with all that failed beside it.
func (r *run) withNotes(text string) string {
	return strings.Join(append([]string{text}, r.notes...), "; ")
}

// complete is steps 3 and 4.
func (r *run) complete(disarmed bool) Outcome {
	var state string
	r.try("reading the state", func() (err error) {
		state, err = r.sys.Text(completion.Key, completion.ValueState)
		return ignoreAbsent(err)
	})
	if state == completion.StateCompleted || state == completion.StateFailed {
		return r.again(state)
	}
	r.try("counting the attempt", r.count)
	if !disarmed {
		return failed(winerr.Errorf(winerr.AccessDenied,
			"the hook in SYSTEM\\Setup could not be removed, so the join was not tried"))
	}
	blob, err := r.staged()
	if err != nil {
		return failed(err)
	}
	code := r.join(blob)
	switch code {
	case winerr.Success, winerr.JoinPerformedMustRestart:
		return joined(code)
	case winerr.Timeout:
		return failed(winerr.Errorf(code, "Windows did not finish the join within %v; "+
			"whether it still takes effect shows after the next restart", r.limits.Join))
	}
	return refused(code)
}

// again is the outcome of a run after a finished one: what that one recorded.
func (r *run) again(state string) Outcome {
	out := Outcome{State: state, Text: "finished by an earlier start of this program; nothing was tried again", Again: true}
	if code, err := r.sys.Number(completion.Key, completion.ValueResult); err == nil {
		out.Code = winerr.Code(code)
	}
	return out
}

// count adds one to Attempts. A bad or absent number counts as none.
func (r *run) count() error {
	n, readErr := r.sys.Number(completion.Key, completion.ValueAttempts)
	if n+1 > n {
		n++
	}
	if err := r.sys.SetNumber(completion.Key, completion.ValueAttempts, n); err != nil {
		return err
	}
	return errors.Join(ignoreAbsent(readErr), r.sys.Flush(completion.Key))
}

// record is step 7. State comes last: whoever reads it finds the rest there.
func (r *run) record(out Outcome) {
	const key = completion.Key
	r.try("recording the result", func() error {
		return errors.Join(
			r.sys.SetNumber(key, completion.ValueResult, uint32(out.Code)),
			r.sys.SetText(key, completion.ValueResultText, r.withNotes(out.Text)),
			r.sys.SetText(key, completion.ValueCompletedAt, time.Now().UTC().Format(time.RFC3339)),
		)
	})
	r.try("recording the state", func() error {
		return errors.Join(r.sys.SetText(key, completion.ValueState, out.State), r.sys.Flush(key))
	})
}

// log keeps the outcome as a line of the log. A log that fails is nobody's loss.
func (r *run) log(out Outcome) {
	_ = guarded(func() error {
		r.sys.Log(out.State + ": " + out.Text)
		return nil
	})
}

// ignoreAbsent is err, and nil for an absent value.
func ignoreAbsent(err error) error {
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	return err
}

// oneLine makes one line of a text of several, such as errors.Join makes. A line that repeats the one before is
// dropped.
func oneLine(s string) string { return strings.Join(slices.Compact(strings.Split(s, "\n")), ", ") }
