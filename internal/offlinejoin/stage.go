package offlinejoin

import (
	"context"
	"errors"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// Stage makes the plan of req true and reads back what it wrote. Files come before the registry transaction that makes
// them matter. A join that is staged already, in working order, is not written again.
func Stage(ctx context.Context, req Request) (*Receipt, error) {
	if req.Method == MethodNative {
		return nativeJoin(ctx, req, false)
	}
	p, err := prepare(ctx, req, winimage.Write)
	if err != nil {
		return nil, untouched(err)
	}
	defer p.close()
	if p.receipt.Outcome != OutcomeStaged {
		return p.receipt, p.remember(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.guarded(ctx, func() error { return p.stage(ctx, req) }); err != nil {
		return nil, err
	}
	p.staged(p.receipt)
	p.way.tell(p.tell, p.receipt.Blob)
	return p.receipt, nil
}

// stage writes, and reads back.
func (p *preparation) stage(ctx context.Context, req Request) error {
	if err := p.backup(ctx, req.Backup); err != nil {
		return err
	}
	p.mayHaveWritten = true
	if err := p.write(); err != nil {
		return err
	}
	return p.readBack(ctx, req.place())
}

// untouched adds to a refusal that it came before anything was written.
func untouched(err error) error {
	code, ok := winerr.CodeOf(err)
	if !ok {
		return err
	}
	stop := "."
	if strings.HasSuffix(uncoded{err}.Error(), "?") {
		stop = ""
	}
	return winerr.Errorf(code, "%w%s Nothing was written.", uncoded{err}, stop)
}

// write makes the changes: files that wait for it, one registry transaction, and files that matter by themselves.
func (p *preparation) write() error {
	first, undo, err := p.way.before()
	p.count(first)
	if err == nil && p.way.replaces() { // the plan was made anew
		_, err = p.planEdits()
	}
	if err != nil {
		return p.stopped(err)
	}
	// What the log held of an earlier blob goes; our own entry is not needed any more when the hive is clean.
	o := regf.CommitOptions{Forget: true, Scrub: len(p.record.blob) > 0}
	report, err := p.im.System().Commit(o)
	p.count(writes{bytes: report.BytesWritten, syncs: report.Syncs})
	if err != nil {
		if c, ok := errors.AsType[*regf.CommitError](err); ok && (c.Durable || c.Uncertain) {
			return p.halfWritten(err)
		}
		return errors.Join(p.stopped(err), undo())
	}
	last, err := p.way.after()
	p.count(last)
	if err != nil {
		return p.dropRecord(err)
	}
	return nil
}

// count adds up what was written, and says what was to be said about it.
func (p *preparation) count(w writes) {
	p.receipt.BytesWritten += w.bytes
	p.receipt.Syncs += w.syncs
	p.warn(w.warnings...)
}

// stopped tells whether anything has changed when what was written of this join is gone again: an older one may be.
func (p *preparation) stopped(err error) error {
	if p.way.replaces() {
		return p.halfWritten(err)
	}
	return p.notWritten(err)
}

// dropRecord takes the record back when what it tells of could not be written. As long as something of that may be there,
// the record stays: it is what finds it again.
func (p *preparation) dropRecord(cause error) error {
	if err := p.way.takeOut(); err != nil {
		return p.halfWritten(errors.Join(cause, err))
	}
	if err := p.commit([]edit{{what: dropKey, key: completion.Key}}, false); err != nil {
		return p.halfWritten(errors.Join(cause, err))
	}
	return p.stopped(cause)
}

// notWritten says that nothing has changed, with the code of the cause where it has one.
func (p *preparation) notWritten(err error) error {
	p.mayHaveWritten = false
	return winerr.Errorf(codeOf(err), "the join cannot be staged into %s: %w. Nothing was written.", p.im.fs, uncoded{err})
}

// halfWritten says that the image is whole, but may be the new one already.
func (p *preparation) halfWritten(err error) error {
	return winerr.Errorf(codeOf(err), "staging into %s stopped half-way; the image is whole, with the join or without: "+
		"stage again to finish: %w", p.im.fs, uncoded{err})
}

// readBack opens the image anew and compares it with the plan.
func (p *preparation) readBack(ctx context.Context, at place) error {
	if err := p.im.Image.Close(); err != nil {
		return err
	}
	again, err := at.open(ctx, winimage.Read)
	if err != nil {
		return err
	}
	defer again.Close() // nothing was written
	r, err := readRecord(again.System())
	if err != nil {
		return err
	}
	defer r.wipe()
	left, _, err := pending(again.System(), p.edits)
	if err != nil {
		return hiveError(again, err)
	}
	if len(left) > 0 || r.state != completion.StateStaged {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", again.fs)
	}
	if p.receipt.Status, err = again.status(&r); err != nil {
		return err
	}
	return p.way.verify()
}
