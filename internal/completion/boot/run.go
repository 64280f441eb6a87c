package boot

import (
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Run does first boot, step by step as the package comment tells, and returns what it came to. It never panics, and it
// returns within the limits plus the time that single calls of sys take.
func Run(sys System, limits Limits) Outcome {
	r := &run{sys: sys, limits: limits}
	r.locked = r.try("locking down the program's file", sys.ProtectProgram)
	r.disarmed = r.disarm()

	var out Outcome
	if err := guarded(func() error { out = r.complete(); return nil }); err != nil {
		out = failed(err)
	}
	out = r.retry(out)
	if !out.Retry {
		r.finish(out)
	}
	out.Text = r.withNotes(out.Text)
	r.tell(out)
	if out.restarts() {
		out = r.restart(out)
	}
	return out
}

// run is one first boot.
type run struct {
	sys    System
	limits Limits

	locked   bool   // nobody but SYSTEM and Administrators can write the program's file
	disarmed bool   // the hook was put back
	counted  bool   // this attempt is in the record
	attempt  uint32 // its number, from 1
	noRecord bool   // our key does not exist

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

// complete is steps 3 to 6.
func (r *run) complete() Outcome {
	var state string
	r.try("reading the state", func() (err error) {
		state, err = r.sys.Text(completion.Key, completion.ValueState)
		return ignoreAbsent(err)
	})
	if state == completion.StateCompleted || state == completion.StateFailed {
		return r.again(state)
	}
	r.counted = r.try("counting the attempt", r.count)
	switch {
	case !r.disarmed:
		return failed(winerr.New(winerr.AccessDenied,
			"the hook in SYSTEM\\Setup could not be removed, so the join was not tried"))
	case r.attempt > completion.MaxAttempts:
		return failed(winerr.New(winerr.BadOfflineJoinInfo,
			"all attempts were made before, so the join was not tried: stage the image again with a new blob"))
	}
	if err := checkContract(r.sys, completion.StateStaged, completion.StateStarted); err != nil {
		return failed(err)
	}
	r.try("marking the record", r.markStarted)
	if err := r.checkBlob(); err != nil {
		return failed(err)
	}
	return r.join()
}

// join is step 6.
func (r *run) join() Outcome {
	code, err := r.sys.Join(r.limits.Join)
	if err != nil {
		return failed(said("calling Windows' function", err))
	}
	if code == winerr.Success || code == winerr.JoinPerformedMustRestart {
		return joined(code)
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

// finish is steps 7 to 9. After a finished run it does again what may not have worked then.
func (r *run) finish(out Outcome) {
	r.try("erasing the blob", r.erase)
	r.try("asking for the program's removal", r.sys.RemoveProgram)
	if !out.Again {
		r.record(out)
	}
}
