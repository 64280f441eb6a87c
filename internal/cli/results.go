package cli

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// results is the one way to standard output. Commands print without looking at errors: the first one stays, nothing is
// written after it, and [Run] ends with it. So no command can end well whose results have not been written.
type results struct {
	to io.Writer

	mu  sync.Mutex
	err error
}

// Write implements [io.Writer]. Its error is the first one that there was.
func (r *results) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.to.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	r.err = err
	return n, err
}

// Unwrap returns what is written to, so that package term can ask whether it is a terminal.
func (r *results) Unwrap() io.Writer { return r.to }

// caused reports whether an error of a command comes from its output.
func (r *results) caused(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil && errors.Is(err, r.err)
}

// failure is the error of a run whose results could not be written, or nil. It has code 112 for a full disk, 109 for a
// reader that has gone away, and 29 for everything else.
func (r *results) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		return nil
	}
	cause := r.err
	if in, ok := errors.AsType[*os.PathError](cause); ok {
		cause = in.Err
	}
	switch code := outputCode(cause); code {
	case winerr.BrokenPipe:
		return winerr.Errorf(code, "who reads standard output has gone before all was written: what this command has done "+
			"stays done, and the rest of its output is lost: %w", cause)
	default:
		return winerr.Errorf(code, "standard output cannot be written: %w: what this command has done stays done, and the "+
			"rest of its output is lost", cause)
	}
}

// Numbers of Windows that package syscall has no names for everywhere.
const (
	windowsBrokenPipe = syscall.Errno(109) // ERROR_BROKEN_PIPE
	windowsNoData     = syscall.Errno(232) // ERROR_NO_DATA: the pipe is being closed
)

func outputCode(cause error) winerr.Code {
	number, _ := errors.AsType[syscall.Errno](cause)
	onWindows := runtime.GOOS == "windows"
	switch {
	case errors.Is(cause, syscall.EPIPE), errors.Is(cause, io.ErrClosedPipe),
		onWindows && (number == windowsBrokenPipe || number == windowsNoData):
		return winerr.BrokenPipe
	case errors.Is(cause, syscall.ENOSPC), errors.Is(cause, syscall.EDQUOT), onWindows && uint32(number) == uint32(winerr.DiskFull):
		return winerr.DiskFull
	}
	return winerr.WriteFault
}
