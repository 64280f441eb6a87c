package ledger

import "context"

// Check looks a claim up in all of the ledgers, nil ones left out, and records nothing: for a dry run. It refuses what
// [Begin] would refuse, and returns what [Use.Warnings] would say. known tells that every ledger has this very use for
// this very image in force already, so that there is nothing to record.
func Check(ctx context.Context, claim Claim, ledgers ...*Ledger) (warnings []string, known bool, err error) {
	if claim, err = claim.checked(); err != nil {
		return nil, false, err
	}
	use, known := &Use{claim: claim}, true
	for _, l := range ledgers {
		if l == nil {
			continue
		}
		entries, err := l.store.read(ctx, claim.filter())
		if err != nil {
			return nil, false, err
		}
		m := &mark{ledger: l}
		if err := m.judge(entries, claim); err != nil {
			return nil, false, err
		}
		known = known && m.knows(claim)
		use.marks = append(use.marks, m)
	}
	return use.Warnings(), known, nil
}

// knows reports whether the very blob is staged in the very image.
func (m *mark) knows(c Claim) bool {
	for _, e := range m.same {
		if e.Event != EventIntent && e.Fingerprint == c.Fingerprint && e.Image.Place == c.Image.Place {
			return true
		}
	}
	return false
}
