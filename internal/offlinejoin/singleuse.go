package offlinejoin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Run remembers what one run has staged, so that no account is staged into two images, without any file.
type Run struct{ ledger *ledger.Ledger }

// NewRun returns an empty Run. It is safe for concurrent use.
func NewRun() *Run { return &Run{ledger.NewRun()} }

// singleUse is where the use of the account is looked up and recorded.
type singleUse struct {
	ledgers []*ledger.Ledger
	claim   ledger.Claim
	known   bool
}

// open returns the ledger that outlives the run, nil when none is kept.
func (s SingleUse) open(wait time.Duration) (*ledger.Ledger, error) {
	return ledger.OpenAt(s.where(wait))
}

func (s SingleUse) where(wait time.Duration) ledger.Where {
	return ledger.Where{File: s.LedgerFile, URL: s.Ledger, Wait: wait, Databases: s.Databases}
}

// ReleaseAdvice says how the use of an account whose image is gone is released where a ledger outlives the run, in words that
// follow "release it with"; it is "" where none is kept.
func (s SingleUse) ReleaseAdvice(reason string) string {
	at := s.where(0)
	command := at.ReleaseCommand("ID", reason)
	if command == "" {
		return ""
	}
	return "`" + command + "`, where ID is what `" + at.ListCommand() + "` shows for it"
}

// checkName refuses a shared ledger for an image that has no name which other hosts would know it by: in a container host and
// path are made up anew for each run, so that one image would be many, and many images one (87).
func (s SingleUse) checkName(at Image) error {
	why := imagefs.Container()
	if s.Ledger == "" || at.Name != "" || why == "" || at.Identity().Host == "" {
		return nil
	}
	return winerr.Errorf(winerr.InvalidParameter, "this runs in a container (%s), where host and path say nothing of which image it "+
		"is, and the ledger is shared with other hosts: set image_name to what names the image everywhere, such as "+
		"pvc:CLUSTER/NAMESPACE/CLAIM or the UUID of its virtual machine", why)
}

// usable refuses what could not be told the ledger afterwards: an image without the name that it needs there, or a URL that is
// no good.
func (s SingleUse) usable(at Image) error {
	if err := s.checkName(at); err != nil {
		return err
	}
	_, err := s.open(at.LockTimeout)
	return err
}

// ledgers opens the ledger and what guards the run.
func (s SingleUse) ledgers(wait time.Duration) ([]*ledger.Ledger, error) {
	kept, err := s.open(wait)
	if err != nil {
		return nil, err
	}
	ledgers := []*ledger.Ledger{kept}
	if s.RunID != "" {
		l, err := ledger.OpenRun(s.RunID, wait)
		if err != nil {
			return nil, err
		}
		ledgers = append(ledgers, l)
	}
	if s.Run != nil {
		ledgers = append(ledgers, s.Run.ledger)
	}
	return ledgers, nil
}

// checkSingleUse refuses the second use of an account, and records nothing.
func (p *plan) checkSingleUse(ctx context.Context) error {
	request := p.req.SingleUse
	switch request.Reuse {
	case "", ReuseRefuse, ReuseAllow:
	default:
		return winerr.Errorf(winerr.InvalidParameter, "reuse is %q: use refuse or allow", request.Reuse)
	}
	err := request.checkName(p.req.Image)
	if err != nil {
		return err
	}
	if p.use.ledgers, err = request.ledgers(p.req.Image.LockTimeout); err != nil {
		return err
	}
	b, st := p.blob.parsed, p.receipt.Status
	p.use.claim = ledger.Claim{
		Account:     ledger.NewAccount(b.DomainSID(), b.Rid(), b.DomainGUID(), b.DNSDomain(), b.MachineName()),
		Fingerprint: b.Fingerprint(), Image: ledgerImage(p.req.Image, p.image, p.receipt.Method), By: p.req.StagedBy,
		Reuse: request.Reuse == ReuseAllow, ReuseReason: request.ReuseReason,
	}
	switch {
	case st.Fingerprint == b.Fingerprint():
		p.use.claim.AlreadyStaged = true
	case st.State == StateStaged || st.State == StateFailed:
		p.use.claim.Replaces = st.Fingerprint
	}
	warnings, known, err := ledger.Check(ctx, p.use.claim, p.use.ledgers...)
	p.use.known = known
	p.warn(warnings...)
	return err
}

// warnOfClosedLedgers says in a plan what would refuse the stage: a ledger that this user can read and not write. Who only plans may
// have no such right, so it is no error.
func (p *plan) warnOfClosedLedgers(ctx context.Context) {
	for _, l := range p.use.ledgers {
		if err := l.Writable(ctx); err != nil {
			p.warn("staging would be refused to this user: " + winerr.MessageOf(err))
		}
	}
}

// ledgerImage is what the ledger keeps of an image, which is nil for the running Windows.
func ledgerImage(at Image, im *openImage, m Method) ledger.Image {
	out := ledger.NewImage(at.String(), at.Identity())
	if im == nil {
		out.Path = "the running Windows"
		return out
	}
	out.ComputerName = im.Facts().ComputerName
	if m != MethodAnswerFile { // Windows Setup gives a generalized image a new one
		out.MachineSID = im.Facts().MachineSID
	}
	return out
}

// begin records that the use begins.
func (u *singleUse) begin(ctx context.Context) (*ledger.Use, error) {
	return ledger.Begin(ctx, u.claim, u.ledgers...)
}

// guarded runs a transaction between the two records of its use: that it begins, and how it ended. One that stopped
// half-way leaves the first alone, which keeps the account from other images.
func (p *plan) guarded(ctx context.Context, t *transaction) error {
	use, err := p.use.begin(ctx)
	if err != nil {
		return nothingWritten(err)
	}
	if err := t.run(ctx); err != nil {
		if !t.begun {
			err = errors.Join(err, use.Cancel(ctx))
		}
		return err
	}
	if at := p.req.Image; at.NewPath() != "" {
		use.Made(ledger.NewImage(at.String(), at.Identity()))
	}
	p.warnOfLedger(use.Commit(ctx))
	return nil
}

// warnOfLedger reports that the ledger could not be written after the image was.
func (p *plan) warnOfLedger(err error) {
	if err != nil {
		p.warn("the join is staged, but the ledger could not be told: " + winerr.MessageOf(err))
	}
}

// remember records a use that the image holds already and the ledger does not have.
func (p *plan) remember(ctx context.Context) error {
	if p.receipt.Outcome != OutcomeUnchanged || p.use.known {
		return nil
	}
	use, err := p.use.begin(ctx)
	if err != nil {
		return nothingWritten(err)
	}
	p.warnOfLedger(use.Commit(ctx))
	return nil
}

// heldUses are the uses of a join in an image, in all ledgers, before it is taken back.
type heldUses struct {
	fingerprint string
	kept        *ledger.Ledger // it outlives the run; nil: none is kept
	all         []*ledger.Held
	err         error
}

// held asks for the uses of a join. Nobody else can change its image meanwhile.
func (s SingleUse) held(ctx context.Context, image ledger.Image, fingerprint string, wait time.Duration) *heldUses {
	h := &heldUses{fingerprint: fingerprint}
	if fingerprint == "" {
		return h
	}
	ledgers, err := s.ledgers(wait)
	if err != nil {
		h.err = err
		return h
	}
	h.kept = ledgers[0]
	for _, l := range ledgers {
		if l == nil {
			continue
		}
		one, err := l.Held(ctx, image, fingerprint)
		if h.err = errors.Join(h.err, err); err == nil {
			h.all = append(h.all, one)
		}
	}
	return h
}

// release records that the join was taken back, so that its account is free again. It returns a warning where the ledger still
// has the join in use, for an image that it does not take for this one.
func (h *heldUses) release(ctx context.Context, by string) (warning string, err error) {
	ctx, cancel := ledger.Outlasting(ctx)
	defer cancel()
	err = h.err
	known := false
	for _, one := range h.all {
		was, failed := one.Unstaged(ctx, by)
		known, err = known || was && one.Of(h.kept), errors.Join(err, failed)
	}
	if err != nil || known || h.kept == nil {
		return "", err
	}
	return stillInUse(ctx, h.kept, h.fingerprint)
}

// stillInUse says for which image a ledger has a join in use, and "" when it has none.
func stillInUse(ctx context.Context, l *ledger.Ledger, fingerprint string) (string, error) {
	force, err := l.InForceOf(ctx, fingerprint)
	for _, e := range force {
		if e.Fingerprint == fingerprint {
			return fmt.Sprintf("the ledger still has this join in use, for %s: if that is this image under a path that it had before, "+
				"release it with `%s`", cmp.Or(e.Image.Name, e.Image.Path), l.ReleaseCommand(e.ID, "it has another path now")), nil
		}
	}
	return "", err
}
