package boot

import (
	"fmt"
	"runtime"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Codes of Windows that only first boot meets (winerror.h).
const (
	notReady           winerr.Code = 21   // ERROR_NOT_READY
	unhandledException winerr.Code = 574  // ERROR_UNHANDLED_EXCEPTION, for a panic of our own
	genFailure         winerr.Code = 31   // ERROR_GEN_FAILURE, for an error that carries no code
	shutdownInProgress winerr.Code = 1115 // ERROR_SHUTDOWN_IN_PROGRESS
)

// Outcome is what first boot came to. It holds no secret.
type Outcome struct {
	State string      // completion.StateCompleted or StateFailed
	Code  winerr.Code // what Windows' function returned, or why it was not called
	Text  string      // one sentence, with the notes of steps that failed beside it
	Again bool        // an earlier run had finished: nothing was tried, and its record stays as it was
}

// ExitCode is the program's exit code: 0 when the join is done, 1 when it is not.
func (o Outcome) ExitCode() int {
	if o.State == completion.StateCompleted {
		return 0
	}
	return 1
}

// restarts reports whether this run changed the machine so that it needs its one restart.
func (o Outcome) restarts() bool { return o.State == completion.StateCompleted && !o.Again }

func joined(code winerr.Code) Outcome {
	return Outcome{State: completion.StateCompleted, Code: code, Text: "Windows took the join (" + code.String() + ")"}
}

// failed makes an Outcome of err; its text ends with the code.
func failed(err error) Outcome {
	code, ok := winerr.CodeOf(err)
	if !ok {
		code = genFailure
		err = winerr.Errorf(code, "%w", err)
	}
	return Outcome{State: completion.StateFailed, Code: code, Text: err.Error()}
}

// refused is the failure for a code that Windows' function returned.
func refused(code winerr.Code) Outcome {
	text := code.Text()
	if text == "" {
		text = "see this code in Microsoft's list of system error codes"
	}
	return failed(winerr.Errorf(code, "Windows refused the join: %s", text))
}

// guarded calls work and turns a panic into an error. The panic's value is shown only when the runtime made it: any
// other might hold what must not be told.
func guarded(work func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = winerr.Errorf(unhandledException, "the program crashed: %v", p)
		default:
			err = winerr.Errorf(unhandledException, "the program crashed")
		}
	}()
	return work()
}

// said tells what was tried when err happened. The code stays.
func said(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
