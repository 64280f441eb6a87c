package offlinejoin

import (
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// uncoded is an error whose text goes into another that ends with the code itself.
type uncoded struct{ err error }

func (u uncoded) Error() string {
	if e, ok := errors.AsType[*winerr.Error](u.err); ok {
		return e.Message
	}
	return u.err.Error()
}

func (u uncoded) Unwrap() error { return u.err }

// IsPassing reports whether an error says that somebody else is using the image right now, so that the same request may succeed
// later without anything being done about it. A hibernated image is busy, too, but stays so.
func IsPassing(err error) bool {
	code, _ := winerr.CodeOf(err)
	return code == winerr.Busy && !errors.Is(err, imagefs.ErrLasting)
}

// codeOf returns the documented code of a failure to write, and that of a join that cannot be written when it has none.
func codeOf(err error) winerr.Code {
	if code, ok := winerr.CodeOf(err); ok {
		return code
	}
	return winerr.CantCreateJoinInfo
}
