package boot

import (
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Call is what the second process does: it reads the blob, checks it once more, calls Windows' function, and wipes its
// copy. It calls again while the Workstation service has not started, up to the limit for that. It returns the
// function's code, or that of the error for which it was not called.
func Call(c Caller, limits Limits) winerr.Code {
	code := winerr.UnhandledException
	err := guarded(func() error {
		if err := checkContract(c, completion.StateStaged, completion.StateStarted); err != nil {
			return err
		}
		blob, err := readBlob(c)
		if err != nil {
			return err
		}
		defer clear(blob)
		code = requestWhenReady(c, blob, limits)
		return nil
	})
	if err != nil {
		code = codeOf(err)
	}
	return code
}

func requestWhenReady(c Caller, blob []byte, limits Limits) winerr.Code {
	end := time.Now().Add(limits.Workstation)
	for {
		code := c.Request(blob)
		if code != winerr.WkstaNotStarted || !pause(end, limits.Poll) {
			return code
		}
	}
}

// pause waits for d. It does not wait, and reports false, when end would be reached by then.
func pause(end time.Time, d time.Duration) bool {
	if time.Until(end) <= d {
		return false
	}
	time.Sleep(d)
	return true
}
