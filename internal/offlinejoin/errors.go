package offlinejoin

import (
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// codeOf returns the documented code of a failure to write, and that of a join that cannot be written when it has none.
func codeOf(err error) winerr.Code {
	if code, ok := winerr.CodeOf(err); ok {
		return code
	}
	return winerr.CantCreateJoinInfo
}
