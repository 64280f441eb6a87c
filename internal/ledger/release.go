package ledger

import (
	"context"
	"errors"
	"time"
)

// errNothing stops an update that has nothing to append.
var errNothing = errors.New("nothing to append")

// Unstaged records that the join of a blob was taken back from an image, by which the account is free again. It reports
// whether the ledger knew of it.
func (l *Ledger) Unstaged(ctx context.Context, image Image, fingerprint, by string) (bool, error) {
	return l.take(ctx, EventUnstaged, by, fingerprint, func(e Entry) bool {
		return e.heldBy(image, fingerprint)
	})
}

// Released records that the user says a use is over: the image was deleted, or its machine has left the domain. id is
// [Entry.ID].
func (l *Ledger) Released(ctx context.Context, id, reason, by string) (bool, error) {
	return l.take(ctx, EventReleased, by, id, func(e Entry) bool { return e.ID == id }, reason)
}

// Completed records that an image has booted and joined. The account stays in use.
func (l *Ledger) Completed(ctx context.Context, image Image, fingerprint, by string) (bool, error) {
	return l.append(ctx, fingerprint, func(force []Entry) (Entry, error) {
		for _, e := range force {
			if e.heldBy(image, fingerprint) && e.Event != EventCompleted {
				e.Event, e.At, e.By, e.Ends = EventCompleted, l.time(), by, nil
				return e, nil
			}
		}
		return Entry{}, errNothing
	})
}

// heldBy reports whether e is the use of a join that an image holds or held.
func (e Entry) heldBy(image Image, fingerprint string) bool {
	return e.Fingerprint == fingerprint && (e.Image.Place == image.Place || moved(e.Image, image))
}

// take ends all uses that are meant, in one line. Every line of theirs holds the piece.
func (l *Ledger) take(
	ctx context.Context, event Event, by, piece string, meant func(Entry) bool, reason ...string,
) (bool, error) {
	return l.append(ctx, piece, func(force []Entry) (Entry, error) {
		var out Entry
		for _, e := range force {
			if !meant(e) {
				continue
			}
			ends := append(out.Ends, e.ID)
			out = e
			out.Ends = ends
		}
		if len(out.Ends) == 0 {
			return Entry{}, errNothing
		}
		out.Event, out.At, out.By, out.ReuseReason = event, l.time(), by, ""
		for _, text := range reason {
			out.ReuseReason = text
		}
		return out, nil
	})
}

func (l *Ledger) append(
	ctx context.Context, piece string, decide func(force []Entry) (Entry, error),
) (bool, error) {
	if l == nil {
		return false, nil
	}
	err := l.store.update(ctx, filterFor(piece), func(entries []Entry) (Entry, error) {
		return decide(inForce(entries))
	})
	if errors.Is(err, errNothing) {
		return false, nil
	}
	return err == nil, err
}

func (l *Ledger) time() time.Time { return l.now().UTC().Truncate(time.Second) }
