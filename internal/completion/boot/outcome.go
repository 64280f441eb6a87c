package boot

import (
	"runtime"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Outcome is what first boot came to. It holds no secret.
type Outcome struct {
	State string      // completion.StateCompleted or StateFailed; StateStaged with Retry
	Code  winerr.Code // what Windows' function returned, or why it was not called
	Text  string      // one sentence, with the notes of steps that failed beside it
	Again bool        // an earlier run had finished: nothing was tried, and its record stays as it was
	Retry bool        // the hook is armed for another try
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

// event is the event that tells of the outcome.
func (o Outcome) event() uint32 {
	switch {
	case o.Retry:
		return completion.EventRetry
	case o.State == completion.StateCompleted:
		return completion.EventCompleted
	}
	return completion.EventFailed
}

func joined(code winerr.Code) Outcome {
	return Outcome{State: completion.StateCompleted, Code: code, Text: "Windows took the join (" + code.String() + ")"}
}

// failed makes an Outcome of err; its text ends with the code.
func failed(err error) Outcome {
	code, text := codeOf(err), oneLine(err.Error())
	if _, coded := winerr.CodeOf(err); !coded {
		text = winerr.New(code, text).Error()
	}
	return Outcome{State: completion.StateFailed, Code: code, Text: text}
}

// codeOf is the code of an error. One that carries none is a general failure.
func codeOf(err error) winerr.Code {
	if code, ok := winerr.CodeOf(err); ok {
		return code
	}
	return winerr.GenFailure
}

// refused is the failure for a code that Windows' function returned.
func refused(code winerr.Code) Outcome {
	text := code.Text()
	if text == "" {
		text = "see this code in Microsoft's list of system error codes"
	}
	return failed(winerr.New(code, "Windows refused the join: "+text))
}

// guarded calls work and turns a panic into an error. The panic's value is shown only when the runtime made it: any
// other might hold what must not be told.
func guarded(work func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = winerr.New(winerr.UnhandledException, "the program crashed: "+p.Error())
		default:
			err = winerr.New(winerr.UnhandledException, "the program crashed")
		}
	}()
	return work()
}
