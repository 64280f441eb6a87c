package boot

import (
	"errors"
	"strconv"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Passes reports whether an error may be gone at the next boot, so that the join is tried again: something was not
// there yet, was in use, or short. Every other error is final, unknown ones too.
func Passes(code winerr.Code) bool {
	switch code {
	case winerr.WkstaNotStarted, // 2138: the Workstation service, after waiting for it
		winerr.Timeout,  // 1460: our own limit; something was waited for that never came
		winerr.NotReady, // 21
		winerr.Busy,     // 170
		winerr.ShutdownInProgress,
		winerr.SharingViolation, winerr.LockViolation, // a file, such as NetSetup.log or a hive, is in somebody's hands
		winerr.NotEnoughMemory, winerr.OutOfMemory, winerr.NoSystemResources, winerr.CommitmentLimit,
		winerr.ServiceRequestTimeout, winerr.ServiceNotActive, // Windows was still starting its services
		winerr.RPCServerUnavailable, winerr.RPCServerTooBusy: // LSA and the Workstation service are called by RPC
		return true
	}
	return false
}

// retry turns a passing failure into another try, and arms the hook for it, when that is allowed; otherwise it returns
// the failure with the reason why it is final.
func (r *run) retry(out Outcome) Outcome {
	if out.Again || out.State != completion.StateFailed || !Passes(out.Code) {
		return out
	}
	if why := r.noRetry(); why != "" {
		out.Text += "; not tried again, because " + why
		return out
	}
	again := out
	again.State, again.Retry = completion.StateStaged, true
	again.Text += "; this was attempt " + r.attempts() + ", and the next boot tries again"
	if r.try("arming the hook for another try", func() error { return r.rearm(again) }) {
		return again
	}
	r.disarmed = r.disarm()
	out.Text += "; not tried again, because the hook could not be armed"
	return out
}

// noRetry tells what forbids another try, and "" when nothing does.
func (r *run) noRetry() string {
	switch {
	case !r.disarmed:
		return "the hook could not be removed"
	case !r.locked:
		return "the program's own file could not be locked down"
	case !r.counted:
		return "the attempt could not be counted"
	case r.attempt >= completion.MaxAttempts:
		return "this was attempt " + r.attempts()
	}
	return ""
}

func (r *run) attempts() string {
	return strconv.Itoa(int(r.attempt)) + " of " + strconv.Itoa(int(completion.MaxAttempts))
}

// rearm records that another try is wanted, and arms the hook. What the hook is at this moment is what that try has to
// put back. SetupType comes last, because it is what makes Windows look at CmdLine.
func (r *run) rearm(out Outcome) error {
	const key = completion.Key
	now, err := r.hook(completion.SetupKey, completion.ValueSetupType, completion.ValueCmdLine)
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return r.recordResult(out) },
		func() error { return r.sys.SetNumber(key, completion.ValueVersion, now.RecordVersion()) },
		func() error { return r.put(key, completion.ValuePreviousSetupType, now.SetupType) },
		func() error { return r.put(key, completion.ValuePreviousCmdLine, now.CmdLine) },
		func() error { return r.sys.SetText(key, completion.ValueState, out.State) },
		func() error { return r.sys.Flush(key) },
		func() error {
			return r.sys.SetText(completion.SetupKey, completion.ValueCmdLine, completion.ProgramFile)
		},
		func() error {
			return r.sys.SetNumber(completion.SetupKey, completion.ValueSetupType, completion.SetupTypeThenLogon)
		},
		func() error { return r.sys.Flush(completion.SetupKey) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if r.noRecord {
		return errors.New("the record is gone")
	}
	return nil
}
