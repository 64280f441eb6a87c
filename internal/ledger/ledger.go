package ledger

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// DefaultWait is how long the ledger's lock is waited for.
const DefaultWait = 30 * time.Second

// store keeps entries. update calls decide with at least those that are wanted, and appends what it returns, with
// nobody in between.
type store interface {
	read(ctx context.Context, wanted filter) ([]Entry, error)
	update(ctx context.Context, wanted filter, decide func([]Entry) (Entry, error)) error
}

// Ledger is one record of uses. A nil Ledger records nothing and refuses nothing.
type Ledger struct {
	store store
	now   func() time.Time
}

// Open returns the ledger in a file, which the first use makes (mode 0600; its folder must be there). An empty path is
// no ledger: nil. Nothing is opened yet. wait is how long its lock is waited for; 0 means [DefaultWait].
func Open(path string, wait time.Duration) *Ledger {
	if path == "" {
		return nil
	}
	return &Ledger{store: &file{path, cmp.Or(wait, DefaultWait)}, now: time.Now}
}

// NewRun returns a ledger in memory, for one run in one process.
func NewRun() *Ledger { return &Ledger{store: newMemory(), now: time.Now} }

// Claim is what a stage is about to do.
type Claim struct {
	Account     Account
	Fingerprint string // hex SHA-256 of the blob
	Image       Image
	By          string // name/version of the front end

	// Holds tells that the image holds this very join already, so that the image may have been moved or copied.
	Holds bool
	// Replaces is the fingerprint of the join that the image holds and that this stage takes out of it; mostly empty.
	Replaces string
	// Reuse allows the account for another image, for the reason.
	Reuse       bool
	ReuseReason string
}

// Begin looks the claim up and records the intent, or refuses: with 2732 when the account or the blob is used for
// another image, with 87 when the claim or the ledger is no good, and with 170, 1460, 2, 5 or 112 when the ledger
// cannot be locked or written. The caller must end the use by [Use.Commit] or [Use.Cancel].
func (l *Ledger) Begin(ctx context.Context, claim Claim) (*Use, error) { return Begin(ctx, claim, l) }

// Begin begins the use in all of the ledgers, nil ones left out, or in none of them.
func Begin(ctx context.Context, claim Claim, ledgers ...*Ledger) (*Use, error) {
	claim, err := claim.checked()
	if err != nil {
		return nil, err
	}
	use := &Use{claim: claim}
	for _, l := range ledgers {
		if l == nil {
			continue
		}
		m, err := l.begin(ctx, claim)
		if err != nil {
			use.Cancel(ctx) //nolint:errcheck // the refusal matters; an intent left is for this image
			return nil, err
		}
		use.marks = append(use.marks, m)
	}
	return use, nil
}

// checked returns the claim as it is compared and recorded.
func (c Claim) checked() (Claim, error) {
	c.Image.MachineSID = strings.ToUpper(c.Image.MachineSID)
	c.Account.MachineName = strings.ToUpper(c.Account.MachineName)
	switch {
	case !isFingerprint(c.Fingerprint) || c.Image.Place == "" || c.Account.MachineName == "":
		return c, winerr.Errorf(winerr.InvalidParameter, "a use needs an account, a fingerprint and an image: this is a "+
			"defect of this program")
	case c.Reuse && blank(c.ReuseReason):
		return c, winerr.Errorf(winerr.InvalidParameter, "reuse = \"allow\" needs a reason: say in reuse_reason why the "+
			"account may be used again")
	}
	for _, text := range []string{
		c.Image.Path, c.Image.Place, c.ReuseReason, c.By, c.Account.Domain, c.Account.MachineName,
	} {
		if len(text) > maxText {
			return c, winerr.Errorf(winerr.InvalidParameter, "a path or a reason has more than %d bytes, which is too much "+
				"for the ledger: shorten it", maxText)
		}
	}
	return c, nil
}

// begin decides under the lock, and appends the intent.
func (l *Ledger) begin(ctx context.Context, claim Claim) (*mark, error) {
	m := &mark{ledger: l}
	err := l.store.update(ctx, claim.filter(), func(entries []Entry) (Entry, error) {
		if err := m.judge(entries, claim); err != nil {
			return Entry{}, err
		}
		m.intent = l.entry(EventIntent, claim)
		for _, e := range m.same { // staged again, with the reason that it has
			m.intent.ReuseReason = cmp.Or(m.intent.ReuseReason, e.ReuseReason)
		}
		return m.intent, nil
	})
	return m, err
}

// filter wants the lines of every use that look looks at.
func (c Claim) filter() filter {
	return filterFor(c.Fingerprint, c.Replaces, c.Account.SID, c.Image.MachineSID, `"`+c.Account.MachineName+`"`)
}

func (l *Ledger) entry(event Event, claim Claim) Entry {
	host, _ := os.Hostname()
	id := make([]byte, 8)
	rand.Read(id) //nolint:errcheck // never fails (crypto/rand)
	e := Entry{
		Version: Version, Event: event, ID: hex.EncodeToString(id), At: l.time(),
		Fingerprint: claim.Fingerprint, Account: claim.Account, Image: claim.Image,
		By: claim.By, Host: host, PID: os.Getpid(),
	}
	if claim.Reuse {
		e.ReuseReason = claim.ReuseReason
	}
	return e
}

// Entries returns all lines, oldest first.
func (l *Ledger) Entries(ctx context.Context) ([]Entry, error) {
	if l == nil {
		return nil, nil
	}
	return l.store.read(ctx, nil)
}

// InForce returns the uses that keep their accounts from other images, oldest first: each with the last event that it
// had ([EventIntent], [EventStaged] or [EventCompleted]).
func (l *Ledger) InForce(ctx context.Context) ([]Entry, error) {
	entries, err := l.Entries(ctx)
	return inForce(entries), err
}
