package offlinejoin

import (
	"context"
	"errors"
	"io/fs"

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
	p.step("Opening the image at %s", req.WindowsPath)
	if p.im, err = open(ctx, req.WindowsPath, winimage.Write); err != nil {
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
		p.receipt.Outcome, p.receipt.Status = OutcomeAbsent, status(&p.record, p.im.Facts())
		p.step("No join of ours is staged; nothing is written")
		return p.receipt, nil
	}
	if err := p.takeBack(ctx); err != nil {
		return nil, err
	}
	return p.receipt, p.confirmUnstaged(ctx, req.WindowsPath)
}

// takeBack commits the registry transaction, then removes the program, which nothing refers to any more.
func (p *preparation) takeBack(ctx context.Context) error {
	var err error
	if p.edits, p.receipt.Changes, err = pending(p.im.System(), unstagingEdits(&p.record)); err != nil {
		return hiveError(p.im, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.makeEdits(); err != nil {
		return p.notTakenBack(err)
	}
	report, err := p.im.System().Commit(regf.CommitOptions{Scrub: true})
	p.receipt.BytesWritten, p.receipt.Syncs = report.BytesWritten, report.Syncs
	if err != nil {
		return p.notTakenBack(err)
	}
	return p.removeProgram()
}

func unstagingEdits(r *record) []edit {
	var edits []edit
	if r.hook.ours() {
		edits = putBack(r.before())
	}
	return append(edits, edit{what: dropKey, key: completion.Key})
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

func (p *preparation) notTakenBack(err error) error {
	return winerr.Errorf(codeOf(err), "the join of %s could not be taken back: %w: unstage again", p.im.fs, uncoded{err})
}

// confirmUnstaged reads the image anew.
func (p *preparation) confirmUnstaged(ctx context.Context, windowsPath string) error {
	if err := p.im.Image.Close(); err != nil {
		return err
	}
	st, err := ReadStatus(ctx, windowsPath)
	if err != nil {
		return err
	}
	p.receipt.Outcome, p.receipt.Status = OutcomeUnstaged, *st
	p.step("Unstaged: %s; no byte of the blob is left in the SYSTEM hive or its logs", countChanges(p.receipt.Changes))
	return nil
}
