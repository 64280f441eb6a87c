package offlinejoin

import (
	"context"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// MayPass reports whether the same request may do better by itself a little later: somebody else has a lock, an answer did not come
// in time, a ledger's database is away ([winerr.Code.Temporary]). A hibernated image is busy, too, and stays so; and who
// interrupted a run did not ask for another.
func MayPass(err error) bool {
	code, _ := winerr.CodeOf(err)
	return code.Temporary() && !errors.Is(err, imagefs.ErrLasting) && !errors.Is(err, context.Canceled)
}
