package offlinejoin

import (
	"context"
	"errors"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// Unstage takes the pending join of an image back: it restores what the hook was, removes the record and the program, and
// leaves no byte of the blob in the hive or in its logs. Of a join that is completed or failed it removes the record; what
// Windows did stays. An image without a record is left alone.
func Unstage(ctx context.Context, req UnstageRequest) (*Receipt, error) {
	p := &preparation{tell: tell{req.Progress}, receipt: newReceipt(nil)}
	defer p.close()
	var err error
	p.step("Opening the image at %s", req.place())
	if p.im, err = req.place().open(ctx, winimage.Write); err != nil {
		return nil, err
	}
	p.identity(p.im.Facts())
	if p.record, err = readRecord(p.im.System()); err != nil {
		return nil, err
	}
	if err := p.record.tooNew(p.im.fs.String()); err != nil {
		return nil, err
	}
	if !p.record.there && !p.record.hook.ours() {
		p.receipt.Outcome = OutcomeAbsent
		if p.receipt.Status, err = p.im.status(&p.record); err != nil {
			return nil, err
		}
		p.step("No join of ours is staged; nothing is written")
		return p.receipt, nil
	}
	if err := p.takeBack(ctx); err != nil {
		return nil, err
	}
	p.forget(ctx, req)
	return p.receipt, p.confirmUnstaged(ctx, StatusRequest{WindowsPath: req.WindowsPath, Target: req.Target})
}

// takeBack disarms and erases first, and drops the record last: whoever is stopped on the way finds it again, and
// finishes.
func (p *preparation) takeBack(ctx context.Context) error {
	h := p.im.System()
	disarm, drop := disarmingEdits(&p.record), edit{what: dropKey, key: completion.Key}
	var err error
	if _, p.receipt.Changes, err = pending(h, append(disarm[:len(disarm):len(disarm)], drop)); err != nil {
		return hiveError(p.im, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	erase := append(disarm,
		edit{what: dropValue, key: completion.Key, name: completion.ValueProvisioningBlob},
		edit{what: dropValue, key: completion.Key, name: completion.ValueBlobSHA256})
	if err := p.commit(erase, true); err != nil {
		return p.notTakenBack(err)
	}
	if err := errors.Join(p.removeProgram(), p.removeFromAnswerFile()); err != nil {
		return p.notTakenBack(err)
	}
	// A hive that is still dirty had nothing to erase, and its logs could not be scrubbed before.
	if err := p.commit([]edit{drop}, h.Recovery().Dirty); err != nil {
		return p.notTakenBack(err)
	}
	return nil
}

// commit makes those of the edits that change something, in one transaction.
func (p *preparation) commit(edits []edit, scrub bool) error {
	var err error
	if p.edits, _, err = pending(p.im.System(), edits); err != nil {
		return hiveError(p.im, err)
	}
	if err := p.makeEdits(); err != nil {
		return err
	}
	report, err := p.im.System().Commit(regf.CommitOptions{Scrub: scrub})
	p.receipt.BytesWritten += report.BytesWritten
	p.receipt.Syncs += report.Syncs
	return err
}

// disarmingEdits put back what the hook was before ours.
func disarmingEdits(r *record) []edit {
	if r.hook.ours() {
		return putBack(r.before())
	}
	return nil
}

func (p *preparation) removeProgram() error {
	err := p.im.fs.Remove(programPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	p.receipt.Changes = append(p.receipt.Changes, Change{
		Kind: ChangeRemove, Where: systemFolder, Name: completion.ProgramFile, Type: "file", Before: "the completion program",
	})
	p.receipt.Syncs++
	return p.im.fs.SyncDir(systemFolder)
}

// removeFromAnswerFile gives the answer file that the record names its first bytes back, where it still can.
func (p *preparation) removeFromAnswerFile() error {
	older, err := p.record.olderAnswerFile()
	if err != nil || older == nil {
		return err
	}
	removal, err := older.Unstage(p.im.fs, p.im.drive())
	if err != nil {
		return err
	}
	defer clear(removal.Content)
	p.count(writes{warnings: removal.Notes})
	if removal.Outcome == answerfile.Gone {
		return nil
	}
	c := Change{Kind: ChangeModify, Where: older.Name, Type: "answer file", Before: "with the join", After: "as it was before"}
	switch {
	case removal.RemoveFile:
		c.Kind, c.After = ChangeRemove, ""
	case removal.Outcome == answerfile.Cut:
		c.After = "without what the join had added"
	}
	p.receipt.Changes = append(p.receipt.Changes, c)
	p.count(writes{bytes: int64(len(removal.Content)), syncs: answerFileSyncs})
	return nil
}

func (p *preparation) notTakenBack(err error) error {
	return winerr.Errorf(codeOf(err), "the join of %s could not be taken back: %w: unstage again", p.im.fs, uncoded{err})
}

// confirmUnstaged reads the image anew.
func (p *preparation) confirmUnstaged(ctx context.Context, at StatusRequest) error {
	if err := p.im.Image.Close(); err != nil {
		return err
	}
	st, err := ReadStatus(ctx, at)
	if err != nil {
		return err
	}
	p.receipt.Outcome, p.receipt.Status = OutcomeUnstaged, *st
	where := "in the SYSTEM hive or its logs"
	if p.record.answerFile != "" {
		where = "in the answer file"
	}
	p.step("Unstaged: %s; no byte of the blob is left %s", countChanges(p.receipt.Changes), where)
	return nil
}
