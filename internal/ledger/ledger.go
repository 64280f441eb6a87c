package ledger

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// DefaultWait is how long the ledger's lock is waited for.
const DefaultWait = 30 * time.Second

// store keeps entries. update calls decide with at least those that are wanted, oldest first, and appends what it returns,
// with nobody in between who has to do with the same. A store that many hosts share may call decide more than once, when a
// connection is lost before anything was appended.
type store interface {
	read(ctx context.Context, w wanted) ([]Entry, error)
	update(ctx context.Context, w wanted, decide func([]Entry) (Entry, error)) error
}

// Ledger is one record of uses. A nil Ledger records nothing and refuses nothing.
type Ledger struct {
	store store
	now   func() time.Time
	flag  string // by what the command line is given it; "": it is of one run
}

// Open returns the ledger in a file, which the first use makes (mode 0600; its folder must be there). An empty path is
// no ledger: nil. Nothing is opened yet. wait is how long its lock is waited for; 0 means [DefaultWait].
func Open(path string, wait time.Duration) *Ledger {
	if path == "" {
		return nil
	}
	return &Ledger{store: newFile(path, wait), now: time.Now, flag: Where{File: path}.flag()}
}

// Where says where a ledger is: in a file, or in a database that many hosts share.
type Where struct {
	File string
	URL  string        // of a PostgreSQL database; see [CheckURL]
	Wait time.Duration // how long to wait for the lock, and for a database that is away; 0 means [DefaultWait]
	// Databases keeps the connections of a process; nil: they are of this ledger alone.
	Databases *Databases
}

// OpenAt returns the ledger at a place, and nil when none is named. Nothing is opened or connected yet. The error says that
// both are named, or that the URL is no good (87, 2718).
func OpenAt(w Where) (*Ledger, error) {
	switch {
	case w.URL == "":
		return Open(w.File, w.Wait), nil
	case w.File != "":
		return nil, winerr.Errorf(winerr.InvalidParameter, "ledger and ledger_file are both there, and one ledger is kept: leave one out")
	}
	if w.Databases == nil {
		w.Databases = new(Databases)
	}
	db, err := w.Databases.of(w.URL)
	if err != nil {
		return nil, err
	}
	return &Ledger{store: &postgres{db: db, wait: cmp.Or(w.Wait, DefaultWait)}, now: time.Now, flag: w.flag()}, nil
}

// NewRun returns a ledger in memory, for one run in one process.
func NewRun() *Ledger { return &Ledger{store: newMemory(), now: time.Now} }

// Claim is what a stage is about to do.
type Claim struct {
	Account     Account
	Fingerprint string // hex SHA-256 of the blob
	Image       Image
	By          string // name/version of the front end

	// AlreadyStaged means that the image holds this very join already, so that the image may have been moved or copied.
	AlreadyStaged bool
	// Replaces is the fingerprint of the join that the image holds and that this stage takes out of it; mostly empty.
	Replaces string
	// Reuse allows the account for another image, for the reason.
	Reuse       bool
	ReuseReason string
}

// checked returns the claim as it is compared and recorded.
func (c Claim) checked() (Claim, error) {
	c.Image.MachineSID = strings.ToUpper(c.Image.MachineSID)
	c.Account.MachineName = strings.ToUpper(c.Account.MachineName)
	switch {
	case !isFingerprint(c.Fingerprint) || c.Image.Place == "" || c.Account.MachineName == "":
		return c, winerr.Errorf(winerr.InvalidParameter, "a use needs an account, a fingerprint and an image: this is a "+
			"defect of this program")
	case c.Reuse && strings.TrimSpace(c.ReuseReason) == "":
		return c, winerr.Errorf(winerr.InvalidParameter, "reuse = \"allow\" needs a reason: say in reuse_reason why the "+
			"account may be used again")
	}
	for _, text := range []string{
		c.Image.Path, c.Image.Name, c.Image.Place, c.ReuseReason, c.By, c.Account.Domain, c.Account.MachineName,
	} {
		if len(text) > maxText {
			return c, winerr.Errorf(winerr.InvalidParameter, "a path, a name or a reason has more than %d bytes, which is too much "+
				"for the ledger: shorten it", maxText)
		}
	}
	return c, nil
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
			_ = use.Cancel(ctx) // the refusal matters; an intent left is for this image
			return nil, err
		}
		use.marks = append(use.marks, m)
	}
	return use, nil
}

// begin decides under the lock, and appends the intent.
func (l *Ledger) begin(ctx context.Context, claim Claim) (*mark, error) {
	m := new(mark)
	err := l.store.update(ctx, claim.wanted(), func(entries []Entry) (Entry, error) {
		*m = mark{ledger: l}
		if err := m.check(entries, claim); err != nil {
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

// wanted are the uses that look looks at.
func (c Claim) wanted() wanted {
	w := wantedFor(c.Fingerprint, c.Replaces, c.Account.SID, c.Account.MachineName)
	w.machineSID = c.Image.MachineSID
	return w
}

func (l *Ledger) entry(event Event, claim Claim) Entry {
	host, _ := os.Hostname()
	id := make([]byte, 8)
	rand.Read(id) // never fails (crypto/rand)
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

// Use is a stage that has begun. It ends once, by Commit or by Cancel; ending it again does nothing.
type Use struct {
	claim Claim
	made  string // see Made
	marks []*mark
	ended bool
}

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
	return plainEntries(all)
}

// Made gives the use what names a disk for good that was not there when the use began: the File of its image. The record of a
// staged join has it.
func (u *Use) Made(image Image) { u.made = image.File }

// Commit records that the join is staged. After an error the intent stays in force, so the account is still guarded.
// What has happened must be told, so it goes on for [Afterwards] when ctx is cancelled.
func (u *Use) Commit(ctx context.Context) error { return u.end(ctx, EventStaged) }

// Cancel records that nothing was written to the image.
func (u *Use) Cancel(ctx context.Context) error { return u.end(ctx, EventCancelled) }

func (u *Use) end(ctx context.Context, event Event) error {
	if u.ended {
		return nil
	}
	u.ended = true
	ctx, cancel := Outlasting(ctx)
	defer cancel()
	var errs []error
	for _, m := range u.marks {
		errs = append(errs, m.end(ctx, event, u.made))
	}
	return errors.Join(errs...)
}

// Afterwards is how long a ledger may still be waited for, to be told what has happened, by a run that was asked to stop.
const Afterwards = 5 * time.Second

// Outlasting returns a context that ends that much later than another. The caller calls cancel.
func Outlasting(ctx context.Context) (longer context.Context, cancel context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(Afterwards):
			end()
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		end()
	}
}

// end records how the use ended. The image is let go of before that, so that another run may have taken the join back, or
// replaced it, and ended the use by now: then it does not come alive again, and only what it had ended itself is told. A use
// that somebody released, thinking that its run was dead, does.
func (m *mark) end(ctx context.Context, event Event, made string) error {
	w := wanted{}
	if event == EventStaged {
		w = wantedFor(append([]string{m.intent.Fingerprint, m.intent.ID}, m.ends...)...) // of which whoever ends it locks one
		w.since = m.intent.ID
	}
	err := m.ledger.store.update(ctx, w, func(entries []Entry) (Entry, error) {
		e := m.intent
		e.Event, e.At = event, m.ledger.time()
		if event != EventStaged {
			return e, nil
		}
		e.Ends, e.Image.File = m.ends, cmp.Or(e.Image.File, made)
		if !slices.ContainsFunc(entries, func(other Entry) bool { return other.hasTaken(e.ID) }) {
			return e, nil
		}
		if len(m.ends) == 0 {
			return Entry{}, errNothing
		}
		e.Event, e.Ends = EventUnstaged, append(slices.Clone(m.ends), e.ID)
		return e, nil
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// hasTaken reports whether an entry says that the join of a use was taken back or replaced in its image.
func (e Entry) hasTaken(use string) bool {
	return e.Event != EventReleased && slices.Contains(e.Ends, use)
}

// Entries returns all lines, oldest first. Their texts are safe for a line; see [plaintext.Line].
func (l *Ledger) Entries(ctx context.Context) ([]Entry, error) {
	if l == nil {
		return nil, nil
	}
	entries, err := l.store.read(ctx, wanted{all: true})
	return plainEntries(entries), err
}

// InForce returns the uses that keep their accounts from other images: each with the last event that it had ([EventIntent],
// [EventStaged] or [EventCompleted]), oldest first, and with texts that are safe for a line.
func (l *Ledger) InForce(ctx context.Context) ([]Entry, error) {
	if l == nil {
		return nil, nil
	}
	entries, err := l.store.read(ctx, wanted{force: true})
	return plainEntries(inForce(entries)), err
}

// InForceOf is InForce for the uses of one blob.
func (l *Ledger) InForceOf(ctx context.Context, fingerprint string) ([]Entry, error) {
	if l == nil {
		return nil, nil
	}
	entries, err := l.store.read(ctx, wantedFor(fingerprint))
	return plainEntries(inForce(entries)), err
}

// errNothing stops an update that has nothing to append.
var errNothing = errors.New("nothing to append")

// Held are the uses of a join that an image holds, as they were at a time.
type Held struct {
	ledger      *Ledger
	fingerprint string
	uses        []string
}

// Held returns the uses in force of the join of a blob in an image. Who takes the join back asks while nobody else can change
// the image: a use that begins afterwards is another's, and stays.
func (l *Ledger) Held(ctx context.Context, image Image, fingerprint string) (*Held, error) {
	h := &Held{ledger: l, fingerprint: fingerprint}
	force, err := l.InForceOf(ctx, fingerprint)
	for _, e := range force {
		if e.heldBy(image, fingerprint) {
			h.uses = append(h.uses, e.ID)
		}
	}
	return h, err
}

// Of reports whether the uses are those of a ledger.
func (h *Held) Of(l *Ledger) bool { return h.ledger == l }

// Unstaged records that the join was taken back, by which the account is free again. It reports whether the ledger knew of it.
func (h *Held) Unstaged(ctx context.Context, by string) (bool, error) {
	return h.ledger.take(ctx, EventUnstaged, by, h.fingerprint, func(e Entry) bool { return slices.Contains(h.uses, e.ID) })
}

// Unstaged is [Held.Unstaged] for the uses that there are now.
func (l *Ledger) Unstaged(ctx context.Context, image Image, fingerprint, by string) (bool, error) {
	h, err := l.Held(ctx, image, fingerprint)
	if err != nil {
		return false, err
	}
	return h.Unstaged(ctx, by)
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
	return e.Fingerprint == fingerprint && (e.Image.at(image) || e.Image.moved(image))
}

// take ends all uses that are meant, in one line. Every line of theirs holds the piece, a fingerprint or the name of a use.
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
	err := l.store.update(ctx, wantedFor(piece), func(entries []Entry) (Entry, error) {
		return decide(inForce(entries))
	})
	if errors.Is(err, errNothing) {
		return false, nil
	}
	return err == nil, err
}

func (l *Ledger) time() time.Time { return l.now().UTC().Truncate(time.Second) }
