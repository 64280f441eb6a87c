package offlinejoin

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Unstage takes the pending join of an image back: it restores what the hook was, removes the record and the program, and
// leaves no byte of the blob in the hive or in its logs. Of a join that is completed or failed it removes the record; what
// Windows did stays. An image without a record is left alone. Errors are [winerr.Error]s, or the context's error when it
// ended before anything was written.
func Unstage(ctx context.Context, req UnstageRequest) (*Receipt, error) {
	u := &removal{reporter: reporter{req.Progress, newReceipt(req.Now)}}
	req.Image.Location = req.Image.Made() // a golden image is only read
	if err := req.Image.refuseRunning(); err != nil {
		return nil, err
	}
	u.step("Opening the image at %s", req.Image)
	err := req.SingleUse.usable(req.Image)
	if err != nil {
		return nil, err
	}
	if u.image, err = req.Image.open(ctx, imagefs.Write); err != nil {
		return nil, err
	}
	defer u.close() // whatever was to be written has been committed
	if err := u.image.CheckAtRest(); err != nil {
		return nil, err
	}
	u.identity(u.image.Facts())
	u.warn(u.image.notes()...)
	if u.record, err = readRecord(u.image.System()); err != nil {
		return nil, err
	}
	if err := u.record.tooNew(u.image.session.String()); err != nil {
		return nil, err
	}
	if golden, err := u.image.checkGolden(&u.record); err != nil {
		return nil, err
	} else if golden.warning != "" {
		u.warn(golden.warning)
	}
	if !u.record.there && !u.record.hook.StartsProgram() {
		u.receipt.Outcome = OutcomeAbsent
		if u.receipt.Status, err = u.image.status(&u.record); err != nil {
			return nil, err
		}
		if u.receipt.Status.State == StateAbsent {
			u.warnOfUses(ctx, req)
		}
		return u.receipt, u.sweep(ctx)
	}
	if req.Owner != "" && u.record.owner != "" && u.record.owner != req.Owner {
		u.receipt.Outcome = OutcomeKept
		if u.receipt.Status, err = u.image.status(&u.record); err != nil {
			return nil, err
		}
		u.step("The join was taken over by somebody else; nothing is written")
		return u.receipt, nil
	}
	image := ledgerImage(req.Image, u.image, Method(u.record.method))
	uses := req.SingleUse.held(ctx, image, u.record.fingerprint, req.Image.LockTimeout)
	if err := u.takeBack(ctx); err != nil {
		return nil, err
	}
	if u.record.state == completion.StateStaged || len(u.record.blob) > 0 { // Windows has erased what it has used
		u.warnOfRetained(u.image)
	}
	warning, err := uses.release(ctx, req.StagedBy)
	if err != nil {
		u.warn("the join is taken back, but the ledger could not be told: " + winerr.MessageOf(err))
	}
	if warning != "" {
		u.warn(warning)
	}
	return u.receipt, u.confirm(ctx, req.Image)
}

// warnOfUses says where the ledger has an account in use for an image that holds no join.
func (u *removal) warnOfUses(ctx context.Context, req UnstageRequest) {
	read := req.Uses
	if read == nil {
		read = func(ctx context.Context) (*UsesInForce, error) {
			return ReadUses(ctx, req.SingleUse, req.Image.LockTimeout)
		}
	}
	uses, err := read(ctx)
	if err != nil {
		u.warn("the ledger could not be asked whether it still has an account in use for the image: " + winerr.MessageOf(err))
	} else if left := uses.OfEmptyImage(req.Image); left != "" {
		u.warn(left)
	}
}

// sweep removes what a stage that was killed may have left in an image without a join: the program, whole or not.
func (u *removal) sweep(ctx context.Context) error {
	for _, left := range u.leftovers() {
		name := u.image.in(left)
		switch err := u.image.session.Remove(name); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		u.step("No join of ours is staged; %s, which a stage that was stopped had left, is removed", u.image.session.Path(name))
		u.receipt.Changes = append(u.receipt.Changes, Change{
			Kind: ChangeRemove, Where: systemFolder, Name: path.Base(left), Type: "file", Before: "of a stage that was stopped",
		})
	}
	if len(u.receipt.Changes) == 0 {
		u.step("No join of ours is staged; nothing is written")
		return nil
	}
	if err := u.image.session.SyncDir(u.image.in(systemFolder)); err != nil {
		return err
	}
	cost, err := u.image.commit(ctx)
	u.receipt.BytesWritten, u.receipt.Syncs = cost.Bytes, cost.Syncs
	return err
}

// leftovers returns the files in the Windows directory that a stage may have left before its record was there. A file with the
// program's name counts only when it is the built-in program: no record says whose another one is.
func (u *removal) leftovers() []string {
	names := []string{programTemp}
	p, err := lookUpProgram(string(u.image.Facts().Architecture), "")
	if err != nil {
		return names
	}
	if sum, err := digestOf(u.image.session, u.image.in(programPath)); err == nil && sum == p.SHA256 {
		names = append(names, programPath)
	}
	return names
}

// removal is a join while it is taken back.
type removal struct {
	reporter
	image  *openImage
	record record
}

func (u *removal) close() error {
	u.record.wipe()
	return u.image.Close()
}

// takeBack disarms and erases first, and drops the record last: whoever is stopped on the way finds it again, and
// finishes. Where the join cannot be taken out of its answer file, the record stays with it, and all else goes.
func (u *removal) takeBack(ctx context.Context) error {
	h := u.image.System()
	disarm, drop := disarmingEdits(&u.record), edit{what: dropKey, key: completion.Key}
	var err error
	if _, u.receipt.Changes, err = pending(h, append(disarm[:len(disarm):len(disarm)], drop)); err != nil {
		return hiveError(u.image, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	u.image.secret(u.record.blob)
	erase := append(disarm, erasingEdits()...)
	if u.image.inOneCommit(&u.record) {
		erase = append(disarm, drop)
	}
	if err := u.image.commitEdits(erase, true); err != nil {
		return u.notTakenBack(err)
	}
	err = u.removeFromAnswerFile()
	stays, inAnswerFile := errors.AsType[*answerfile.StaysError](err)
	last := []edit{drop}
	if inAnswerFile {
		last, err = nil, nil
	}
	if err := errors.Join(u.removeProgram(), err); err != nil {
		return u.notTakenBack(err)
	}
	// A hive that is still dirty had nothing to erase, and its logs could not be scrubbed before.
	if err := u.image.commitEdits(last, h.Recovery().Dirty); err != nil {
		return u.notTakenBack(err)
	}
	cost, err := u.image.commit(ctx)
	u.receipt.BytesWritten, u.receipt.Syncs = cost.Bytes, cost.Syncs
	u.warn(u.image.notes()...)
	if err != nil {
		return u.notTakenBack(err)
	}
	if inAnswerFile {
		return winerr.Errorf(codeOf(stays), "the join of %s stays in its answer file, with its record, and all else of it is taken back: "+
			"%w; then unstage again", u.image.session, winerr.Uncoded(stays.Unwrap()))
	}
	return nil
}

// commitEdits makes those of the edits that change something, in one transaction of the registry.
func (im *openImage) commitEdits(edits []edit, scrub bool) error {
	needed, _, err := pending(im.System(), edits)
	if err != nil {
		return hiveError(im, err)
	}
	if err := im.makeEdits(needed); err != nil {
		return err
	}
	_, err = im.System().Commit(regf.CommitOptions{Scrub: scrub, Atomic: im.makesDisk()})
	return err
}

// erasingEdits take the blob out of the record.
func erasingEdits() []edit {
	return []edit{
		{what: dropValue, key: completion.Key, name: completion.ValueProvisioningBlob},
		{what: dropValue, key: completion.Key, name: completion.ValueBlobSHA256},
	}
}

// disarmingEdits put back what the hook was before ours.
func disarmingEdits(r *record) []edit {
	if r.hook.StartsProgram() {
		return putBack(r.hookBefore())
	}
	return nil
}

func (u *removal) removeProgram() error {
	v := u.image.session
	if err := removeIfThere(v, u.image.in(programTemp)); err != nil { // left by a stage that was killed
		return err
	}
	if u.record.method == completion.MethodAnswerFile && !u.record.hook.StartsProgram() && !slices.Contains(u.leftovers(), programPath) {
		return nil // a file there is somebody else's, and nothing of ours starts it
	}
	if sum, err := digestOf(v, u.image.in(programPath)); err == nil && !u.record.staged(sum) {
		u.warn(systemFolder + `\` + completion.ProgramFile + " is not the program that was staged: it is removed all the same, " +
			"since the hook would have started it; find out who put it there")
	}
	err := v.Remove(u.image.in(programPath))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	u.receipt.Changes = append(u.receipt.Changes, Change{
		Kind: ChangeRemove, Where: systemFolder, Name: completion.ProgramFile, Type: "file", Before: "the completion program",
	})
	return v.SyncDir(u.image.in(systemFolder))
}

// removeFromAnswerFile gives the answer file that the record names its first bytes back, where it still can.
func (u *removal) removeFromAnswerFile() error {
	older, err := u.record.olderAnswerFile()
	if err != nil || older == nil {
		return answerfile.Stays(err)
	}
	taken, err := older.Unstage(u.image.session, u.image.pointer())
	if err != nil {
		return err
	}
	defer clear(taken.Content)
	u.warn(taken.Notes...)
	if taken.Outcome == answerfile.Gone {
		return nil
	}
	c := Change{Kind: ChangeModify, Where: taken.Name, Type: "answer file", Before: "with the join", After: "as it was before"}
	switch {
	case taken.RemoveFile:
		c.Kind, c.After = ChangeRemove, ""
	case taken.Outcome == answerfile.Cut:
		c.After = "without what the join had added"
	}
	u.receipt.Changes = append(u.receipt.Changes, c)
	return nil
}

func (u *removal) notTakenBack(err error) error {
	return winerr.Errorf(codeOf(err), "the join of %s could not be taken back: %w: unstage again", u.image.session,
		winerr.Uncoded(err))
}

// confirm reads the image anew.
func (u *removal) confirm(ctx context.Context, at Image) error {
	st, err := ReadStatus(ctx, StatusRequest{Image: at})
	if err != nil {
		return winerr.Errorf(codeOf(err), "the join of %s was taken back, but the image could not be read again: %w: unstage once "+
			"more, which writes nothing where all of it is gone", u.image.session, winerr.Uncoded(err))
	}
	u.receipt.Outcome, u.receipt.Status = OutcomeUnstaged, *st
	where := "in the SYSTEM hive or its logs"
	if u.record.answerFile != "" {
		where = "in the answer file"
	}
	u.step("Unstaged: %s; no byte of the blob is left %s", countChanges(u.receipt.Changes), where)
	return nil
}
