package offlinejoin

import (
	"context"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/killpoint"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// transaction carries a plan out. Until a step is durable that makes the join matter, everything before it is undone when
// it fails; afterwards the image is the new one, or stages again to become it.
type transaction struct {
	*plan
	edits     []edit // of the registry, as they are written
	undo      []func() error
	permanent bool // something has changed that is not undone
	begun     bool // the image may not be what it was
}

func newTransaction(p *plan) *transaction { return &transaction{plan: p, edits: p.edits} }

// run writes, commits and reads back.
func (t *transaction) run(ctx context.Context) error {
	if t.image == nil || t.receipt.Method == MethodNative { // Windows writes, and reads back itself
		t.begun = true
		return t.method.apply(ctx, t)
	}
	if err := t.backup(ctx, t.req.Backup); err != nil {
		return err
	}
	t.begun = true
	if err := t.method.apply(ctx, t); err != nil {
		return t.failed(err)
	}
	if t.record.state == completion.StateStaged { // another blob was erased
		t.warnOfRetained(t.image)
	}
	if err := t.commit(ctx); err != nil {
		return err
	}
	return t.readBack(ctx)
}

// rehearse carries the plan out, where that stays in memory, up to the bytes that would be written.
func (t *transaction) rehearse(ctx context.Context) error {
	if t.image == nil || t.receipt.Method == MethodNative || t.image.deferred() == nil {
		return nil
	}
	if err := t.method.apply(ctx, t); err != nil {
		return t.failed(err)
	}
	if err := t.image.session.Prepare(ctx); err != nil {
		return t.failed(err)
	}
	return nil
}

// adopt records another owner for a join that is staged already.
func (t *transaction) adopt(ctx context.Context) error {
	if err := t.writeRegistry(ctx); err != nil {
		return t.failed(err)
	}
	if err := t.commit(ctx); err != nil {
		return err
	}
	t.detail("This request owns it from now on")
	return t.readBack(ctx)
}

// onFailure takes a function that undoes what was just done, for when a later step fails: the last one is called first.
func (t *transaction) onFailure(undo func() error) { t.undo = append(t.undo, undo) }

// cannotUndo notes that the next step changes something that is not undone.
func (t *transaction) cannotUndo() { t.permanent = true }

// planRegistry plans the edits of the registry anew, after the method has.
func (t *transaction) planRegistry(m method) error {
	var err error
	if t.edits, _, err = pending(t.image.System(), t.stagingEdits(m)); err != nil {
		return hiveError(t.image, err)
	}
	return t.image.makeEdits(t.edits)
}

// writeRegistry makes all changes of the registry, which are in the hive's overlay already, in one crash-safe commit. When
// that may be durable although it failed, what it makes matter stays.
func (t *transaction) writeRegistry(context.Context) error {
	// What the log held of an earlier blob goes; our own entry is not needed any more when the hive is clean.
	_, err := t.image.System().Commit(regf.CommitOptions{
		Forget: true, Scrub: len(t.record.blob) > 0, Atomic: t.image.makesDisk(),
	})
	if c, ok := errors.AsType[*regf.CommitError](err); ok && (c.Durable || c.Uncertain) {
		t.undo, t.permanent = nil, true
	}
	return err
}

// dropRecord takes the record back when what it is about could not be written.
func (t *transaction) dropRecord(context.Context) error {
	return t.image.commitEdits([]edit{{what: dropKey, key: completion.Key}}, false)
}

// failed undoes what can be undone, and says what the image is like. As long as something of the join may be there, what
// finds it again stays: the first undo that fails ends them.
func (t *transaction) failed(err error) error {
	if t.image.deferred() != nil { // nothing has reached the image
		t.undo, t.permanent = nil, false
	}
	for i := len(t.undo) - 1; i >= 0; i-- {
		if undoErr := t.undo[i](); undoErr != nil {
			return t.halfWritten(errors.Join(err, undoErr))
		}
	}
	if t.permanent {
		return t.halfWritten(err)
	}
	if closeErr := t.image.Close(); closeErr != nil {
		return t.halfWritten(errors.Join(err, closeErr))
	}
	t.begun = false
	return winerr.Errorf(codeOf(err), "the join cannot be staged into %s: %w. Nothing was written.", t.image.session,
		winerr.Uncoded(err))
}

// halfWritten says that the image is whole, but may be the new one already.
func (t *transaction) halfWritten(err error) error {
	return winerr.Errorf(codeOf(err), "staging into %s stopped half-way; the image is whole, with the join or without: "+
		"stage again to finish: %w", t.image.session, winerr.Uncoded(err))
}

// commit makes the session's changes ready, lets go of the hives, and ends the changes.
func (t *transaction) commit(ctx context.Context) error {
	if err := t.image.session.Prepare(ctx); err != nil {
		return t.failed(err)
	}
	if s, ok := t.image.session.(imagefs.Progressing); ok {
		s.Progress(t.copied())
	}
	killpoint.Reached("before the commit")
	cost, err := t.image.commit(ctx)
	killpoint.Reached("after the commit")
	t.receipt.BytesWritten, t.receipt.Syncs = cost.Bytes, cost.Syncs
	t.receipt.NewDisk = t.image.newDisk()
	t.warn(t.image.notes()...)
	if !errors.Is(err, imagefs.ErrUntouched) {
		return err
	}
	t.begun = false
	return nothingWritten(err)
}

// readBack opens the image anew and compares it with what was to be written. Its errors say that the join was written. Who
// interrupts the run now is told what has been done, too: on this machine, where that is never waited for long.
func (t *transaction) readBack(ctx context.Context) error {
	if t.req.Image.Open == nil {
		ctx = context.WithoutCancel(ctx)
	}
	again, err := t.req.Image.open(ctx, imagefs.Read)
	if err != nil {
		return winerr.Errorf(codeOf(err), "the join was written to %s, but could not be read back: %w: stage it again, which "+
			"writes nothing where it is whole", t.image.session, winerr.Uncoded(err))
	}
	defer again.Close() // nothing was written
	r, err := readRecord(again.System())
	if err != nil {
		return err
	}
	defer r.wipe()
	left, _, err := pending(again.System(), t.edits)
	if err != nil {
		return hiveError(again, err)
	}
	if len(left) > 0 || r.state != completion.StateStaged {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", again.session)
	}
	if t.receipt.Status, err = again.status(&r); err != nil {
		return err
	}
	return t.method.verify(again)
}

func (t *transaction) reportStaged() {
	if t.receipt.Method == MethodNative {
		return
	}
	r := t.receipt
	t.step("Staging (method %s): %s; %s written", r.Method, countChanges(r.Changes), FormatSize(r.BytesWritten))
	t.detail("Read back and compared: ok")
}
