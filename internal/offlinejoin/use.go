package offlinejoin

import (
	"context"
	"errors"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Run remembers what one run has staged, so that no account is staged into two images, without any file.
type Run struct{ ledger *ledger.Ledger }

// NewRun returns an empty Run. It is safe for concurrent use.
func NewRun() *Run { return &Run{ledger.NewRun()} }

// uses is where uses of accounts are looked up and recorded.
type uses struct {
	ledgers []*ledger.Ledger
	claim   ledger.Claim
	known   bool
}

// openLedgers opens the ledger file and what guards the run.
func openLedgers(file, runID string, run *Run, wait time.Duration) ([]*ledger.Ledger, error) {
	ledgers := []*ledger.Ledger{ledger.Open(file, wait)}
	if runID != "" {
		l, err := ledger.OpenRun(runID, wait)
		if err != nil {
			return nil, err
		}
		ledgers = append(ledgers, l)
	}
	if run != nil {
		ledgers = append(ledgers, run.ledger)
	}
	return ledgers, nil
}

// checkUse refuses the second use of an account, and records nothing.
func (p *preparation) checkUse(ctx context.Context, req Request) error {
	switch req.Reuse {
	case "", ReuseRefuse, ReuseAllow:
	default:
		return winerr.Errorf(winerr.InvalidParameter, "reuse is %q: use refuse or allow", req.Reuse)
	}
	var err error
	if p.uses.ledgers, err = openLedgers(req.LedgerFile, req.RunID, req.Run, req.LockTimeout); err != nil {
		return err
	}
	b, st := p.blob, p.receipt.Status
	p.uses.claim = ledger.Claim{
		Account:     ledger.NewAccount(b.DomainSID(), b.Rid(), b.DomainGUID(), b.DNSDomain(), b.MachineName()),
		Fingerprint: b.Fingerprint(), Image: p.im.ledgerImage(p.receipt.Method), By: req.StagedBy,
		Reuse: req.Reuse == ReuseAllow, ReuseReason: req.ReuseReason,
	}
	switch {
	case st.Fingerprint == b.Fingerprint():
		p.uses.claim.AlreadyStaged = true
	case st.State == StateStaged || st.State == StateFailed:
		p.uses.claim.Replaces = st.Fingerprint
	}
	warnings, known, err := ledger.Check(ctx, p.uses.claim, p.uses.ledgers...)
	p.uses.known = known
	p.warn(warnings...)
	return err
}

// ledgerImage tells this image from others.
func (im *openImage) ledgerImage(m Method) ledger.Image {
	var out ledger.Image
	if im.borrowed {
		out = ledger.Image{Path: im.fs.String(), Place: "target:" + im.fs.String() + "|"}
	} else {
		out = ledger.Locate(im.fs.String())
	}
	if m != MethodAnswerFile { // Windows Setup gives a generalized image a new one
		out.MachineSID = im.Facts().MachineSID
	}
	return out
}

// begin records that the use begins.
func (u *uses) begin(ctx context.Context) (*ledger.Use, error) {
	return ledger.Begin(ctx, u.claim, u.ledgers...)
}

// guarded does the stage between the two records of its use: that it begins, and what came of it. A stage that stopped
// half-way leaves the first one alone, which keeps the account from other images.
func (p *preparation) guarded(ctx context.Context, stage func() error) error {
	use, err := p.uses.begin(ctx)
	if err != nil {
		return untouched(err)
	}
	if err := stage(); err != nil {
		if !p.mayHaveWritten {
			err = errors.Join(err, use.Cancel(ctx))
		}
		return err
	}
	p.tellLedger(use.Commit(ctx))
	return nil
}

// tellLedger tells that the ledger could not be written after the image was.
func (p *preparation) tellLedger(err error) {
	if err != nil {
		p.warn("the join is staged, but the ledger could not be told: " + uncoded{err}.Error())
	}
}

// remember records a use that the image holds already and the ledger does not know of.
func (p *preparation) remember(ctx context.Context) error {
	if p.receipt.Outcome != OutcomeUnchanged || p.uses.known {
		return nil
	}
	use, err := p.uses.begin(ctx)
	if err != nil {
		return untouched(err)
	}
	p.tellLedger(use.Commit(ctx))
	return nil
}

// forget records that the join was taken back, so that the account is free again.
func (p *preparation) forget(ctx context.Context, req UnstageRequest) {
	ledgers, err := openLedgers(req.LedgerFile, req.RunID, req.Run, req.LockTimeout)
	image := p.im.ledgerImage(Method(p.record.method))
	for _, l := range ledgers {
		if l != nil && err == nil && p.record.fingerprint != "" {
			_, err = l.Unstaged(context.WithoutCancel(ctx), image, p.record.fingerprint, req.StagedBy)
		}
	}
	if err != nil {
		p.warn("the join is taken back, but the ledger could not be told: " + uncoded{err}.Error())
	}
}
