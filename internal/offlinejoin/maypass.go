package offlinejoin

import (
	"context"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Lasting returns an error of which [MayPass] is false, though its cause may pass: the same request again would not do what is left.
func Lasting(err error) error { return imagefs.Lasting(err) }

// MayPass reports whether the same request may do better by itself a little later: somebody else has a lock, an answer did not come
// in time, a ledger's database is away ([winerr.Code.Temporary]), or the domain ([activedirectory.ErrAway]). A hibernated image is
// busy, too, and stays so; and who interrupted a run did not ask for another.
func MayPass(err error) bool {
	e, coded := errors.AsType[*winerr.Error](err) // the first: what failed after it, such as taking back, is told with it
	if !coded || errors.Is(err, imagefs.ErrLasting) || errors.Is(err, context.Canceled) {
		return false
	}
	return e.Code.Temporary() || errors.Is(e, activedirectory.ErrAway)
}
