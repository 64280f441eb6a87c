package offlinejoin

import (
	"errors"

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

// codeOf returns the documented code of a failure to write, and that of a join that cannot be written when it has none.
func codeOf(err error) winerr.Code {
	if code, ok := winerr.CodeOf(err); ok {
		return code
	}
	return winerr.CantCreateJoinInfo
}
