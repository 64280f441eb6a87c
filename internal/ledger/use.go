package ledger

import (
	"context"
	"errors"
)

// Use is a stage that has begun. It ends once, by Commit or by Cancel; ending it again does nothing.
type Use struct {
	claim Claim
	marks []*mark
	ended bool
}

// mark is a use in one ledger, with what that knew.
type mark struct {
	ledger *Ledger
	intent Entry
	same   []Entry // of the account or the blob, in the same image
	others []Entry // of the account or the blob, in other images
	clones []Entry // of other accounts, in copies of the same installation
	ends   []string
}

// look sorts the uses that are in force.
func (m *mark) look(force []Entry, c Claim) {
	for _, e := range force {
		here := e.Image.Place == c.Image.Place
		replaced := here && c.Replaces != "" && e.Fingerprint == c.Replaces
		switch mine := e.Fingerprint == c.Fingerprint || e.Account.same(c.Account); {
		case mine && (here || c.Holds && moved(e.Image, c.Image)):
			m.same = append(m.same, e)
			m.ends = append(m.ends, e.ID)
		case mine:
			m.others = append(m.others, e)
		case replaced:
			m.ends = append(m.ends, e.ID)
		case c.Image.MachineSID != "" && e.Image.MachineSID == c.Image.MachineSID:
			m.clones = append(m.clones, e)
		}
	}
}

// judge looks at the uses in force, and refuses the second one.
func (m *mark) judge(entries []Entry, c Claim) error {
	m.look(inForce(entries), c)
	if m.isSecond() && !c.Reuse {
		return secondUse(c, m.others[len(m.others)-1])
	}
	return nil
}

// isSecond reports whether the use is the first for its image while another image has the account or the blob. An image
// that has them already got them before the other, or with a reason.
func (m *mark) isSecond() bool { return len(m.others) > 0 && len(m.same) == 0 }

// Earlier returns the uses of this account or blob for the same image that are in force: it was staged here before, or
// tried to.
func (u *Use) Earlier() []Entry { return u.collect(func(m *mark) []Entry { return m.same }) }

// Reused returns the uses of this account or blob for other images that are in force, which only a reason makes
// possible.
func (u *Use) Reused() []Entry { return u.collect(func(m *mark) []Entry { return m.others }) }

// Clones returns the uses in force of other accounts for images with the same machine SID.
func (u *Use) Clones() []Entry { return u.collect(func(m *mark) []Entry { return m.clones }) }

func (u *Use) collect(of func(*mark) []Entry) []Entry {
	var all []Entry
	for _, m := range u.marks {
		all = append(all, of(m)...)
	}
	return all
}

// Commit records that the join is staged. After an error the intent stays in force, so the account is still guarded.
// That ctx is cancelled does not matter: what has happened must be told.
func (u *Use) Commit(ctx context.Context) error { return u.end(ctx, EventStaged) }

// Cancel records that nothing was written to the image.
func (u *Use) Cancel(ctx context.Context) error { return u.end(ctx, EventCancelled) }

func (u *Use) end(ctx context.Context, event Event) error {
	if u.ended {
		return nil
	}
	u.ended = true
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, m := range u.marks {
		errs = append(errs, m.end(ctx, event))
	}
	return errors.Join(errs...)
}

func (m *mark) end(ctx context.Context, event Event) error {
	return m.ledger.store.update(ctx, filterFor(), func([]Entry) (Entry, error) {
		e := m.intent
		e.Event, e.At = event, m.ledger.time()
		if event == EventStaged {
			e.Ends = m.ends
		}
		return e, nil
	})
}
