package offlinejoin

import (
	"context"
	"errors"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Plan makes every check and lists every change of req, and writes nothing. In a disk image file it also carries every change
// out, in memory, so that it refuses whatever Stage would refuse. Its Outcome is OutcomePlanned, or
// OutcomeUnchanged or OutcomeKept when Stage would write nothing. Errors are those of [Stage] before it writes.
func Plan(ctx context.Context, req Request) (*Receipt, error) {
	return steady(ctx, func() (*Receipt, error) { return planOnce(ctx, req) })
}

func planOnce(ctx context.Context, req Request) (*Receipt, error) {
	p, err := prepare(ctx, req, imagefs.Rehearse)
	if err != nil {
		return nil, err
	}
	defer p.close() // nothing was written
	if p.receipt.Outcome == OutcomeStaged {
		p.warnOfBackup()
		if err := newTransaction(p).rehearse(ctx); err != nil {
			return nil, err
		}
		if p.image != nil {
			p.warn(p.image.notes()...)
		}
		p.receipt.Outcome = OutcomePlanned
	}
	if p.receipt.Outcome == OutcomePlanned || !p.use.known {
		p.warnOfClosedLedgers(ctx)
	}
	return p.receipt, p.image.checkSteady()
}

// plan is a request that has passed every check: the open image, the blob, and what there is to do. Once prepare has
// returned it, nothing in it changes but the receipt.
type plan struct {
	reporter
	req    Request
	blob   *Blob
	image  *openImage // nil: the running Windows
	record record     // what the image holds of ours
	method method
	edits  []edit

	goldenEdits []edit // of the record, about the disk below
	use         singleUse

	exposed bool // it was warned that others can get at the image's files
}

// close releases the image and forgets the secrets. The blob is the caller's.
func (p *plan) close() error {
	p.record.wipe()
	if p.method != nil {
		p.method.close()
	}
	if p.image != nil {
		return p.image.Close()
	}
	return nil
}

// prepare makes every check of a request, in the order in which people can act on them, and plans the changes.
func prepare(ctx context.Context, req Request, mode imagefs.Mode) (*plan, error) {
	receipt := newReceipt(req.Now)
	p := &plan{reporter: reporter{req.Progress, receipt}, req: req, blob: req.Blob}
	if err := p.check(ctx, mode); err != nil {
		if changed := p.image.checkSteady(); changed != nil {
			err = changed
		}
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *plan) check(ctx context.Context, mode imagefs.Mode) error {
	if p.blob == nil {
		return winerr.Errorf(winerr.InvalidParameter, "no blob was given: this is a defect of this program")
	}
	if err := checkMethod(p.req); err != nil {
		return err
	}
	if err := named(p.blob.name, p.blob.Check(p.req.Expect)); err != nil {
		return err
	}
	if err := p.openImage(ctx, mode); err != nil {
		return err
	}
	if err := p.checkImage(); err != nil {
		return err
	}
	p.receipt.Blob = p.blob.Facts()
	p.blobChecked(p.receipt.Blob)
	if p.image != nil {
		if at := p.req.Image; mode == imagefs.Rehearse && at.Machine == "" && at.ImagePath == "" && imagefs.ReadOnly(at.WindowsPath) {
			p.warn("the image is mounted read-only: mount it for writing before it is staged into (an NTFS volume that was not shut " +
				"down cleanly, or is hibernated, is often mounted read-only)")
		}
		p.warn(p.image.notes()...)
		p.warn(p.image.Facts().Warnings...)
		if err := p.warnOfGolden(); err != nil {
			return err
		}
	}
	p.warn(p.blob.parsed.Findings()...)
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.decide(ctx)
}

// warnOfGolden reports that the disk below an overlay is not what it was.
func (p *plan) warnOfGolden() error {
	golden, err := p.image.checkGolden(&p.record)
	if golden.warning != "" {
		p.warn(golden.warning)
	}
	return err
}

// openImage opens the image, where there is one: Windows itself opens what the method native writes to.
func (p *plan) openImage(ctx context.Context, mode imagefs.Mode) error {
	if p.req.Online {
		return nil
	}
	if p.req.Method == MethodNative {
		mode = imagefs.Read
	}
	if err := p.req.Image.refuseRunning(); err != nil {
		return err
	}
	p.step("Opening the image at %s", p.req.Image)
	var err error
	if p.image, err = p.req.Image.open(ctx, mode); err != nil {
		return err
	}
	p.identity(p.image.Facts())
	if mode == imagefs.Rehearse {
		return p.image.CheckAlone()
	}
	return nil
}

// checkImage refuses an image that cannot take this join.
func (p *plan) checkImage() error {
	if p.image != nil {
		if err := p.image.CheckJoinable(); err != nil {
			return err
		}
	}
	var err error
	if p.receipt.Method, p.method, err = newMethod(p.req, p.image); err != nil {
		return err
	}
	if p.image == nil {
		return nil
	}
	if err := p.image.VerifySystem(); err != nil { // a hive that is damaged anywhere is nothing to stage into
		return err
	}
	if p.record, err = readRecord(p.image.System()); err != nil {
		return err
	}
	return p.record.tooNew(p.image.session.String())
}

// decide finds out what is to be done, and lists the changes.
func (p *plan) decide(ctx context.Context) error {
	if err := p.method.plan(p); err != nil {
		return err
	}
	existing, err := p.existing()
	if err != nil {
		return err
	}
	p.receipt.Outcome = existing.outcome
	if existing.outcome != OutcomeKept {
		if err := p.checkSingleUse(ctx); err != nil {
			return err
		}
	}
	if existing.outcome != OutcomeStaged {
		p.untouched()
		return p.planAdoption()
	}
	if p.receipt.Method == MethodRegistry {
		if err := p.record.checkNoAnswerFile(p.image); err != nil {
			return err
		}
	}
	if existing.warning != "" {
		p.warn(existing.warning)
	}
	if err := p.checkHiveExposed(); err != nil {
		return err
	}
	return p.listChanges()
}

// existing looks at what the image holds already, and decides what to do about it.
func (p *plan) existing() (decision, error) {
	if p.image == nil {
		p.receipt.Status.State = StateAbsent
		return decision{outcome: OutcomeStaged}, nil
	}
	var err error
	if p.receipt.Status, err = p.image.status(&p.record); err != nil {
		return decision{}, err
	}
	d, err := resolveExisting(p.receipt.Status, arrival{
		on: p.req.OnExisting, choice: !p.req.FixedOnExisting, fingerprint: p.blob.parsed.Fingerprint(), complete: p.staged(),
		again: p.req.Again, golden: p.image.golden(),
	})
	if beside := p.receipt.Status.BesideText(); err == nil && beside != "" {
		p.warn(beside)
	}
	if outdated := p.image.outdatedCopy(); err == nil && outdated != "" && p.staged() { // no machine has started it
		p.warn(outdated)
	}
	if err != nil || d.outcome == OutcomeStaged {
		if existed := p.image.newDiskExisted(); existed != nil {
			return d, existed
		}
	}
	return d, err
}

// staged reports whether the image holds exactly this join in working order: nothing is to be written.
func (p *plan) staged() bool {
	r := &p.record
	return r.there && r.state == completion.StateStaged && r.method == recordedMethod(p.receipt.Method) &&
		r.fingerprint == p.blob.parsed.Fingerprint() && p.method.staged(r)
}

// listChanges finds what the image lacks, and makes the edits of the registry in memory, so that a hive that cannot take
// them is refused before anything is written.
func (p *plan) listChanges() error {
	if p.receipt.Method == MethodNative {
		return nil
	}
	var err error
	if p.goldenEdits, err = p.image.goldenEdits(); err != nil {
		return err
	}
	if p.edits, p.receipt.Changes, err = pending(p.image.System(), p.stagingEdits(p.method)); err != nil {
		return hiveError(p.image, err)
	}
	p.image.keepApart(&p.record)
	if err := p.image.makeEdits(p.edits); err != nil {
		return err
	}
	p.receipt.Changes = append(p.receipt.Changes, p.method.changes()...)
	p.warn(p.method.warnings()...)
	p.warnOfForeignHook()
	return nil
}

// planAdoption plans that a join which is staged already belongs to this request's owner from now on.
func (p *plan) planAdoption() error {
	if p.req.Owner == "" || p.receipt.Outcome != OutcomeUnchanged || !p.record.there || p.record.owner == p.req.Owner {
		return nil
	}
	p.image.secret(p.record.blob) // it stays, and is in no journal
	var err error
	owner := []edit{ownerEdit(p.req.Owner)}
	if p.edits, p.receipt.Changes, err = pending(p.image.System(), owner); err != nil {
		return hiveError(p.image, err)
	}
	return p.image.makeEdits(p.edits)
}

// warnOfForeignHook reports a command of somebody else's that the next boot would run.
func (p *plan) warnOfForeignHook() {
	if p.receipt.Method == MethodRegistry && p.record.hook.Foreign() {
		p.warn(`the image runs another command at its next boot (SYSTEM\Setup: ` +
			plaintext.Line(p.record.hook.CmdLine.Text(), plaintext.Name) + "): the join goes first, and puts that back for the " +
			"boot after (inferred)")
	}
}

// makeEdits makes edits of the SYSTEM hive in memory.
func (im *openImage) makeEdits(edits []edit) error {
	for _, e := range edits {
		if err := e.apply(im.System()); err != nil {
			return hiveError(im, err)
		}
	}
	return nil
}

// stagingEdits is the registry contract for one join. StagedAt is when the join was staged first.
func (p *plan) stagingEdits(m method) []edit {
	const key = completion.Key
	blob := p.blob.parsed
	edits := []edit{
		{what: makeKey, key: key},
		setNumber(key, completion.ValueVersion, p.record.hookBefore().RecordVersion()),
		setText(key, completion.ValueMethod, recordedMethod(p.receipt.Method)),
		setText(key, completion.ValueState, completion.StateStaged),
		setText(key, completion.ValueFingerprint, blob.Fingerprint()),
		setText(key, completion.ValueMachineName, blob.MachineName()),
		setText(key, completion.ValueDomain, blob.DNSDomain()),
		setText(key, completion.ValueStagedAt, p.receipt.At.Format(time.RFC3339)),
		setText(key, completion.ValueStagedBy, p.req.StagedBy),
		ownerEdit(p.req.Owner),
	}
	edits = append(edits, accountEdits(p.req.Account)...)
	edits = append(edits, m.edits(&p.record)...)
	edits = append(edits, p.goldenEdits...)
	for _, stale := range []string{
		completion.ValueCompletedAt, completion.ValueAttempts, completion.ValueResult, completion.ValueResultText,
	} {
		edits = append(edits, edit{what: dropValue, key: key, name: stale})
	}
	return edits
}

// ownerEdit records who wants the join, where that has a name.
func ownerEdit(owner string) edit {
	if owner == "" {
		return edit{what: dropValue, key: completion.Key, name: completion.ValueOwner}
	}
	return setText(completion.Key, completion.ValueOwner, owner)
}

// hookBefore is the hook as it was before anything of ours: what the program and Unstage put back.
func (r *record) hookBefore() completion.Hook {
	if !r.hook.StartsProgram() {
		return r.hook
	}
	if r.there && r.state == completion.StateStaged && !r.previous.StartsProgram() {
		return r.previous
	}
	return completion.NoHook() // an armed hook without a record: nobody knows what was there
}

func previousEdits(h completion.Hook) []edit {
	return []edit{
		setRaw(completion.Key, completion.ValuePreviousSetupType, h.SetupType),
		setRaw(completion.Key, completion.ValuePreviousCmdLine, h.CmdLine),
	}
}

func newReceipt(now func() time.Time) *Receipt {
	if now == nil {
		now = time.Now
	}
	return &Receipt{SchemaVersion: 1, Changes: []Change{}, Warnings: []string{}, At: now().UTC().Truncate(time.Second)}
}

// hiveError gives a failure of the hive engine its documented code.
func hiveError(im *openImage, err error) error {
	if _, ok := errors.AsType[*winerr.Error](err); ok {
		return err
	}
	return winerr.Errorf(winerr.CantLoadOfflineHive, "the SYSTEM hive of %s cannot be used: %w", im.session, err)
}
