package offlinejoin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// ReadStatus returns what an image holds. It writes nothing.
func ReadStatus(ctx context.Context, req StatusRequest) (*Status, error) {
	return steady(ctx, func() (*Status, error) { return readStatus(ctx, req) })
}

func readStatus(ctx context.Context, req StatusRequest) (*Status, error) {
	im, err := req.Image.open(ctx, imagefs.Read)
	if err != nil {
		return nil, err
	}
	defer im.Close() // nothing was written
	status, err := im.readStatus(req.Logs)
	if changed := im.checkSteady(); changed != nil {
		return nil, changed
	}
	return status, err
}

// Inspection is all that can be read of an image in one visit.
type Inspection struct {
	Facts  winimage.Facts
	Status *Status // what it holds; nil when it cannot be read: such an image is worth looking at all the more
	// AnswerFile is the answer file that Windows Setup will take; nil for an image whose next boot does not run Setup.
	AnswerFile *AnswerFilePreview
}

// AnswerFilePreview is what can be told of an image's answer file before anybody has a blob.
type AnswerFilePreview = answerfile.Preview

// Inspect returns the facts of an image and its status, of one session. It writes nothing. It fails only where the image
// cannot be opened, with the errors of [ReadStatus].
func Inspect(ctx context.Context, req StatusRequest) (*Inspection, error) {
	return steady(ctx, func() (*Inspection, error) { return inspect(ctx, req) })
}

func inspect(ctx context.Context, req StatusRequest) (*Inspection, error) {
	im, err := req.Image.open(ctx, imagefs.Read)
	if err != nil {
		return nil, err
	}
	defer im.Close()      // nothing was written
	_ = im.VerifySystem() // Facts show it
	found := &Inspection{Facts: im.Facts()}
	if st, err := im.readStatus(req.Logs); err == nil {
		found.Status = st
	}
	if f := found.Facts; f.Phase == winimage.PhaseGeneralized && f.Architecture != "" {
		found.AnswerFile = answerfile.Look(im.session, im.pointer(), string(f.Architecture), f.ProductType == winimage.ProductClient)
	}
	return found, im.checkSteady()
}

// readStatus returns what an open image holds.
func (im *openImage) readStatus(logs bool) (*Status, error) {
	r, err := readRecord(im.System())
	if err != nil {
		return nil, err
	}
	defer r.wipe()
	st, err := im.status(&r)
	st.Warnings = im.notes()
	var goldenErr error
	if st.golden, goldenErr = im.checkGolden(&r); err == nil {
		err = goldenErr
	}
	if warning, _ := st.Golden(); warning != "" {
		st.Warnings = append(st.Warnings, warning)
	}
	if logs {
		st.Logs = readLogs(im)
	}
	return &st, err
}

// status returns what a record and the image mean together.
func (im *openImage) status(r *record) (Status, error) {
	st := recordStatus(r, im.Facts())
	var err error
	switch {
	case st.State == StateStaged && r.method == completion.MethodAnswerFile:
		err = im.answerFileStatus(r, &st)
	case st.State == StateStaged && r.method == completion.MethodRegistry:
		err = im.programStatus(r, &st)
	}
	im.findBeside(r, &st)
	if im.Facts().Hive("SYSTEM").State == winimage.HiveUnrecoverable {
		st.Detail = strings.TrimPrefix(st.Detail+"; "+unrecoverableDetail, "; ")
	}
	return st, err
}

// programStatus proves that the program which the hook starts is the one that was staged, and that it did not miss a
// start of Windows. What else the record lacks comes first.
func (im *openImage) programStatus(r *record, st *Status) error {
	sum, err := digestOf(im.session, im.in(programPath))
	im.program = sum
	switch {
	case errors.Is(err, fs.ErrNotExist):
		st.Program = ProgramMissing
	case err != nil:
		return err
	case r.program != "" && sum != r.program:
		st.Program = ProgramChanged
	default:
		st.Program = ProgramInPlace
	}
	now, err := im.shutdownTime()
	if err != nil {
		return err
	}
	st.NotRun = r.program != "" && r.attempts == 0 && !bytes.Equal(now, r.shutdownTime)
	st.Incomplete = len(r.blob) == 0 || !r.hook.Armed() || st.Program != ProgramInPlace || st.NotRun
	if st.Detail == "" {
		st.Detail = programDetail(st)
	}
	return nil
}

func programDetail(st *Status) string {
	const file = systemFolder + `\` + completion.ProgramFile
	switch {
	case st.Program == ProgramMissing:
		return file + " is missing, so that the next boot does not join: stage it again"
	case st.Program == ProgramChanged:
		return file + " is not the program that was staged, and would run as SYSTEM: stage it again, and find out who " +
			"replaced it"
	case st.NotRun:
		return "Windows was started after staging, and the completion program never ran: application control or antivirus " +
			"may have blocked it, and people may have logged on since, with the blob still in the image: look into its event " +
			"logs, then stage it again, or unstage it"
	}
	return ""
}

// unrecoverableDetail qualifies a status that was read of a hive as its file stands.
const unrecoverableDetail = "the SYSTEM hive was not closed cleanly and its logs do not complete it, so that this is what " +
	"its file holds and may be out of date; nothing can be staged or taken back before this Windows was started once and " +
	"shut down, or the logs that belong to the hive are there"

// recordStatus returns what the record means by itself.
func recordStatus(r *record, f winimage.Facts) Status {
	st := Status{State: StateAbsent, Image: imageFacts(f)}
	switch {
	case r.there && r.state != "":
		st.State = State(r.state)
		st.Method, st.Fingerprint = Method(r.method), r.fingerprint
		st.MachineName, st.Domain = r.machine, r.domain
		st.StagedAt, st.StagedBy, st.CompletedAt = r.stagedAt, r.stagedBy, r.completedAt
		st.Attempts, st.Result, st.ResultText = r.attempts, r.result, r.resultText
		st.Detail, st.Owner, st.Account = recordDetail(r), r.owner, r.account
		if r.state == completion.StateStarted {
			st.State = StateFailed
		}
		if known := st.State == StateStaged || st.State == StateCompleted || st.State == StateFailed; !known {
			st.State, st.Detail = StateForeign, fmt.Sprintf("our key has the unknown state %q", r.state)
		}
	case len(f.PendingJoins) > 0:
		st.State, st.Detail = StateForeign, pendingDetail(f.PendingJoins)
	case f.Membership.Joined:
		m := f.Membership
		st.State, st.Domain, st.MachineName = StateJoined, m.DomainName, f.ComputerName
		if st.Domain == "" {
			st.Domain = m.NetBIOSName
		}
		st.Detail = "the machine is a member of " + st.Domain
	}
	return st
}

// recordDetail says what a record lacks.
func recordDetail(r *record) string {
	switch {
	case r.state == completion.StateStarted:
		return "the completion program was stopped in the middle of its work, and nothing goes on by itself; the blob may still " +
			"be in the image: unstage it"
	case r.state != completion.StateStaged || r.method != completion.MethodRegistry:
		return ""
	case len(r.blob) == 0:
		return "the blob is missing: stage it again"
	case !r.hook.Armed():
		return "the completion program is not armed: stage it again"
	case r.attempts > 0:
		return fmt.Sprintf("attempt %d of %d came too early (%s); the next boot tries again", r.attempts,
			completion.MaxAttempts, winerr.Code(r.result))
	}
	return ""
}

// answerFileStatus finds out what has become of a join in an answer file. Nobody writes it into the record: Windows Setup knows
// nothing of that.
func (im *openImage) answerFileStatus(r *record, st *Status) error {
	f := im.Facts()
	switch {
	case f.Membership.Joined && sameDomain(r.domain, f.Membership.DomainName, f.Membership.NetBIOSName):
		st.State, st.Detail = StateCompleted, "Windows Setup has joined the machine"
		return nil
	case f.Membership.Joined:
		st.State, st.Detail = StateJoined, "the machine is a member of "+f.Membership.DomainName+", not by the join that was staged"
		return nil
	case f.Phase == winimage.PhaseInstalled, f.Phase == winimage.PhaseSpecialized, f.Phase == winimage.PhaseUndeployable:
		st.State = StateFailed
		st.Detail = "Windows Setup has been through its specialize pass, and the machine is no member of " + r.domain +
			`: read Panther\setupact.log and debug\NetSetup.log in the image`
		return nil
	case f.Phase == winimage.PhaseSetup:
		st.Detail = "Windows Setup has begun, and has not come to an end"
		return nil
	}
	holds, err := im.answerFileHolds(r)
	if err == nil && !holds {
		st.Incomplete = true
		st.Detail = "the answer file does not hold the join any more: stage it again"
	}
	return err
}

// answerFileHolds reports whether the answer file that the record names still holds the recorded join.
func (im *openImage) answerFileHolds(r *record) (bool, error) {
	older, err := r.olderAnswerFile()
	if err != nil || older == nil {
		return false, err
	}
	place, err := older.Find(im.session, im.pointer())
	if err != nil || !place.Exists() {
		return false, err
	}
	defer place.Wipe()
	facts, err := answerfile.ReadFacts(place.Content, string(im.Facts().Architecture), place.Path)
	if err != nil {
		return false, err
	}
	defer facts.Wipe()
	return digest(facts.AccountData) == older.Undo.AccountData, nil
}

// sameDomain compares a domain's name with the names of another, without case and final dot.
func sameDomain(name string, others ...string) bool {
	name = strings.TrimSuffix(name, ".")
	return name != "" && slices.ContainsFunc(others, func(o string) bool {
		return strings.EqualFold(name, strings.TrimSuffix(o, "."))
	})
}

func pendingDetail(pending []winimage.PendingJoin) string {
	keys := make([]string, len(pending))
	for i, p := range pending {
		keys[i] = p.Key
	}
	return "another tool has left a join to be completed (" + strings.Join(keys, ", ") + ")"
}
