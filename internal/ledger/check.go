package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Check looks a claim up in all of the ledgers, nil ones left out, and records nothing: for a dry run. It refuses what
// [Begin] would refuse, and returns what [Use.Warnings] would say. known tells that every ledger has this very use for
// this very image in force already, so that there is nothing to record.
func Check(ctx context.Context, claim Claim, ledgers ...*Ledger) (warnings []string, known bool, err error) {
	if claim, err = claim.checked(); err != nil {
		return nil, false, err
	}
	use, known := &Use{claim: claim}, true
	var open []string
	for _, l := range ledgers {
		if l == nil {
			continue
		}
		entries, err := l.store.read(ctx, claim.wanted())
		if err != nil {
			return nil, false, err
		}
		m := &mark{ledger: l}
		if err := m.check(entries, claim); err != nil {
			return nil, false, err
		}
		known = known && m.knows(claim)
		use.marks = append(use.marks, m)
		if f, is := l.store.(*file); is {
			open = append(open, slices.Concat(f.exposed(), f.nearlyFull())...)
		}
	}
	return append(use.Warnings(), open...), known, nil
}

// writable is a store that many keep: it can tell, without writing, that it could not be written to, with the error of update.
type writable interface {
	writable(ctx context.Context) error
}

// Writable returns the error that [Begin] would have for want of a right to write, as far as that can be seen without writing: for a
// dry run.
func (l *Ledger) Writable(ctx context.Context) error {
	if l == nil {
		return nil
	}
	if s, is := l.store.(writable); is {
		return s.writable(ctx)
	}
	return nil
}

// mark is a use in one ledger, with what that knew.
type mark struct {
	ledger *Ledger
	intent Entry
	same   []Entry // of the account or the blob, in the same image
	others []Entry // of the account or the blob, in other images
	clones []Entry // of other accounts, in copies of the same installation: the last ones
	ends   []string
}

// check looks at the uses in force, and refuses the second one.
func (m *mark) check(entries []Entry, c Claim) error {
	m.look(inForce(entries), c)
	if m.isSecond() && !c.Reuse {
		return m.ledger.secondUse(c, m.others[len(m.others)-1])
	}
	return nil
}

// look sorts the uses that are in force.
func (m *mark) look(force []Entry, c Claim) {
	for _, e := range force {
		switch mine := e.Fingerprint == c.Fingerprint || e.Account.same(c.Account); {
		case mine && e.isFor(c):
			m.same = append(m.same, e)
			m.ends = append(m.ends, e.ID)
		case mine:
			m.others = append(m.others, e)
		case e.Image.at(c.Image) && c.Replaces != "" && e.Fingerprint == c.Replaces:
			m.ends = append(m.ends, e.ID)
		case c.Image.MachineSID != "" && e.Image.MachineSID == c.Image.MachineSID:
			m.clones = append(m.clones, e)
		}
	}
}

// isFor reports whether a use of the claim's account is for the claim's image. Images follow one another at one place,
// and clones of one cannot be told apart, so a place alone says it only
//
//   - while the image holds the join that is recorded,
//   - of a use that was not seen to end: it began with this image, whether that holds the join by now or not,
//   - or where a newer blob is staged: the older one's password is replaced, so that no second machine can use it.
func (e Entry) isFor(c Claim) bool {
	switch {
	case c.AlreadyStaged && (e.Image.at(c.Image) || e.Image.moved(c.Image)):
		return true
	case e.Event == EventIntent && e.Image.mayBe(c.Image):
		return true
	}
	return e.Image.at(c.Image) && e.Fingerprint != c.Fingerprint
}

// isSecond reports whether the use is the first for its image while another image has the account or the blob. An image
// that has them already got them before the other, or with a reason.
func (m *mark) isSecond() bool { return len(m.others) > 0 && len(m.same) == 0 }

// knows reports whether the very blob is staged in the very image, by the name that it has now.
func (m *mark) knows(c Claim) bool {
	for _, e := range m.same {
		named := c.Image.Name == "" || c.Image.Name == e.Image.Name
		if e.Event != EventIntent && e.Fingerprint == c.Fingerprint && named && e.Image.at(c.Image) {
			return true
		}
	}
	return false
}

// secondUse is the refusal: which use is in the way, and the ways out.
func (l *Ledger) secondUse(c Claim, e Entry) error {
	image, here := e.Image.called(c.Image), e.Image.at(c.Image)
	e = e.plain(plaintext.Name) // for the messages: what is compared is compared by now
	name := e.Account.MachineName
	const allow = `or set reuse = "allow" with a reason`
	gone := ""
	if command := l.ReleaseCommand(e.ID, "the first image is gone"); command != "" {
		gone = "; if the first image is gone, release its use (" + command + ")"
	}
	switch {
	case e.Event == EventIntent && here:
		return winerr.Errorf(winerr.AccountReuseBlocked, "a stage of this account into %s began and has not ended (%s), and "+
			"the image that is there now is another: if it still runs, wait for it%s, %s", image, facts(e), gone, allow)
	case e.Event == EventIntent:
		return winerr.Errorf(winerr.AccountReuseBlocked, "a stage of this account into %s began and has not ended (%s): if "+
			"it still runs, wait for it; if it was stopped, stage into that image again or unstage it, %s",
			image, facts(e), allow)
	case here:
		return winerr.Errorf(winerr.AccountReuseBlocked, "this account is already staged into %s (%s), and the image that is "+
			"there now does not hold that join: if another image is mounted there, make a new blob for it%s, %s",
			image, facts(e), gone, allow)
	case e.Fingerprint != c.Fingerprint:
		return winerr.Errorf(winerr.AccountReuseBlocked, "the account of %s is already staged into %s with another blob "+
			"(%s): the newer blob has replaced the password, so that only one of both images can join; unstage that image, %s",
			name, image, facts(e), allow)
	}
	return winerr.Errorf(winerr.AccountReuseBlocked, "this account is already staged into %s (%s): one blob joins one "+
		"machine; make a new blob for another machine than %s, unstage that image, %s", image, facts(e), name, allow)
}

// Warnings returns what people should know of the use, in sentences.
func (u *Use) Warnings() []string {
	var all []string
	for _, m := range u.marks {
		if m.isSecond() {
			e := m.others[len(m.others)-1]
			all = append(all, fmt.Sprintf("this account is already staged into %s (%s), and is used again because: %s",
				e.Image.called(u.claim.Image), facts(e), plaintext.Line(u.claim.ReuseReason, plaintext.Name)))
		}
		if len(m.clones) > 0 {
			all = append(all, cloneWarning(u.claim, m.clones[len(m.clones)-1]))
		}
	}
	return distinct(all)
}

// cloneWarning explains why images that share a machine SID should be generalized (docs/internals/windows.md §7).
func cloneWarning(c Claim, e Entry) string {
	image := e.Image.called(c.Image)
	c.Image, e = c.Image.plain(plaintext.Name), e.plain(plaintext.Name)
	return fmt.Sprintf("%s is the same installation as %s, which was staged for %s (%s): both have the machine SID %s, "+
		"and Windows 11 24H2, Windows Server 2025 and later refuse Kerberos and NTLM between such machines (since the "+
		"updates of August 2025, event 6167): generalize the image with sysprep before it is cloned, and use method "+
		"answer_file", c.Image.called(c.Image), image, e.Account.MachineName, facts(e), c.Image.MachineSID)
}

// facts are "2026-11-22 10:04, fingerprint 4f1c…e09a".
func facts(e Entry) string {
	fp := e.Fingerprint
	return fmt.Sprintf("%s, fingerprint %s…%s", e.At.UTC().Format("2006-01-02 15:04"), fp[:4], fp[len(fp)-4:])
}

func distinct(texts []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
