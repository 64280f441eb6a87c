package offlinejoin

import (
	"context"
	"errors"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// Plan makes every check and lists every change of req, and writes nothing. Its Outcome is OutcomePlanned, or
// OutcomeUnchanged or OutcomeKept when Stage would write nothing.
func Plan(ctx context.Context, req Request) (*Receipt, error) {
	if req.Method == MethodNative {
		return nativeJoin(ctx, req, true)
	}
	p, err := prepare(ctx, req, winimage.Read)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if p.receipt.Outcome == OutcomeStaged {
		p.receipt.Outcome = OutcomePlanned
	}
	return p.receipt, nil
}

// preparation is a request that has passed every check: the open image, the blob, and what there is to do.
type preparation struct {
	tell
	im       *openImage
	blob     *odj.Blob
	record   record
	way      way
	stagedBy string
	edits    []edit
	uses     uses
	receipt  *Receipt

	mayHaveWritten bool // the image may not be what it was
}

// close releases the image and forgets the secrets.
func (p *preparation) close() {
	if p.blob != nil {
		p.blob.Wipe()
	}
	p.record.wipe()
	if p.way != nil {
		p.way.close()
	}
	if p.im != nil {
		p.im.Close() // whatever was to be written has been committed
	}
}

// prepare makes every check of a request, in the order in which people can act on them, and plans the changes.
func prepare(ctx context.Context, req Request, mode winimage.Mode) (p *preparation, err error) {
	p = &preparation{tell: tell{req.Progress}, receipt: newReceipt(req.Now)}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err := checkMethod(req.Method, req.Online); err != nil {
		return p, err
	}
	if p.blob, err = checkedBlob(req); err != nil {
		return p, err
	}
	p.step("Opening the image at %s", req.place())
	if p.im, err = req.place().open(ctx, mode); err != nil {
		return p, err
	}
	facts := p.im.Facts()
	p.identity(facts)
	if err := p.checkImage(req); err != nil {
		return p, err
	}
	p.receipt.Blob = blobFacts(p.blob)
	p.blobStep(p.receipt.Blob)
	p.warn(append(facts.Warnings, p.blob.Findings()...)...)
	return p, p.plan(ctx, req)
}

// checkImage refuses an image that cannot take this join.
func (p *preparation) checkImage(req Request) error {
	if err := p.im.CheckJoinable(); err != nil {
		return err
	}
	var err error
	p.receipt.Method = chooseMethod(req.Method, p.im.Facts())
	if p.way, err = p.newWay(p.receipt.Method, req); err != nil {
		return err
	}
	if err := p.im.System().VerifyBins(); err != nil { // a hive that is damaged anywhere is nothing to stage into
		return hiveError(p.im, err)
	}
	if p.record, err = readRecord(p.im.System()); err != nil {
		return err
	}
	return p.record.tooNew(p.im.fs.String())
}

// plan decides what to do and lists the changes.
func (p *preparation) plan(ctx context.Context, req Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.way.plan(p); err != nil {
		return err
	}
	var err error
	if p.receipt.Status, err = p.im.status(&p.record); err != nil {
		return err
	}
	d, err := decide(p.receipt.Status, req.OnExisting, p.blob.Fingerprint(), p.whole(), req.Again)
	if err != nil {
		return err
	}
	p.receipt.Outcome = d.outcome
	if d.outcome != OutcomeKept {
		if err := p.checkUse(ctx, req); err != nil {
			return err
		}
	}
	if d.outcome != OutcomeStaged {
		p.unchanged(p.receipt)
		return nil
	}
	if p.receipt.Method == MethodRegistry && p.record.answerFile != "" { // the record alone finds that one again
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s holds a join that was staged into its answer file: unstage it first",
			p.im.fs)
	}
	if d.warning != "" {
		p.warn(d.warning)
	}
	p.stagedBy = req.StagedBy
	if p.receipt.Changes, err = p.planEdits(); err != nil {
		return err
	}
	p.receipt.Changes = append(p.receipt.Changes, p.way.changes()...)
	p.warn(p.way.warnings()...)
	return nil
}

// planEdits finds what the registry lacks, and makes the edits in memory, so that a hive that cannot take them is refused
// before anything is written.
func (p *preparation) planEdits() (changes []Change, err error) {
	if p.edits, changes, err = pending(p.im.System(), p.stagingEdits()); err != nil {
		return nil, hiveError(p.im, err)
	}
	return changes, p.makeEdits()
}

// makeEdits makes the edits in memory.
func (p *preparation) makeEdits() error {
	for _, e := range p.edits {
		if err := e.apply(p.im.System()); err != nil {
			return hiveError(p.im, err)
		}
	}
	return nil
}

// whole tells that the image holds exactly this join in working order: nothing is to be written.
func (p *preparation) whole() bool {
	r := &p.record
	return r.there && r.state == completion.StateStaged && r.method == methodValue(p.receipt.Method) &&
		r.fingerprint == p.blob.Fingerprint() && p.way.whole(r)
}

// stagingEdits is the registry contract for one join. StagedAt says when the join was staged first.
func (p *preparation) stagingEdits() []edit {
	const key = completion.Key
	edits := []edit{
		{what: makeKey, key: key},
		setNumber(key, completion.ValueVersion, completion.Version),
		setText(key, completion.ValueMethod, methodValue(p.receipt.Method)),
		setText(key, completion.ValueState, completion.StateStaged),
		setText(key, completion.ValueFingerprint, p.blob.Fingerprint()),
		setText(key, completion.ValueMachineName, p.blob.MachineName()),
		setText(key, completion.ValueDomain, p.blob.DNSDomain()),
		setText(key, completion.ValueStagedAt, p.receipt.At.Format(time.RFC3339)),
		setText(key, completion.ValueStagedBy, p.stagedBy),
	}
	edits = append(edits, p.way.edits(&p.record)...)
	for _, stale := range []string{
		completion.ValueCompletedAt, completion.ValueAttempts, completion.ValueResult, completion.ValueResultText,
	} {
		edits = append(edits, edit{what: dropValue, key: key, name: stale})
	}
	return edits
}

// before is the hook as it was before anything of ours: what the program and Unstage put back.
func (r *record) before() hook {
	if !r.hook.ours() {
		return r.hook
	}
	if r.there && r.state == completion.StateStaged {
		return r.previous
	}
	none, empty := completion.SetupTypeNone, ""
	return hook{&none, &empty} // an armed hook without a record: nobody knows what was there
}

func previousEdits(h hook) []edit {
	const key = completion.Key
	out := []edit{
		{what: dropValue, key: key, name: completion.ValuePreviousSetupType},
		{what: dropValue, key: key, name: completion.ValuePreviousCmdLine},
	}
	if h.setupType != nil {
		out[0] = setNumber(key, completion.ValuePreviousSetupType, *h.setupType)
	}
	if h.cmdLine != nil {
		out[1] = setText(key, completion.ValuePreviousCmdLine, *h.cmdLine)
	}
	return out
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
	return winerr.Errorf(winerr.CantLoadOfflineHive, "the SYSTEM hive of %s cannot be used: %w", im.fs, err)
}
