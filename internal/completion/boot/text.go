package boot

import (
	"errors"
	"slices"
	"strings"
)

// said tells what was tried when err happened. The code stays.
func said(what string, err error) error {
	if err == nil {
		return nil
	}
	return &saidError{what, err}
}

// saidError is an error with what was tried before it. Package fmt would need more room than all of this package.
type saidError struct {
	what string
	err  error
}

func (e *saidError) Error() string { return e.what + ": " + e.err.Error() }
func (e *saidError) Unwrap() error { return e.err }

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
