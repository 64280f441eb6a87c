package offlinejoin

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
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
	if left := r.left(); st.State == StateAbsent && left != "" {
		st.Warnings = append(st.Warnings, left)
	}
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
	if file, ok := im.session.(imagefs.DiskFile); ok {
		facts := file.Disk()
		st.partition, st.only = facts.Partition, facts.Only
	}
	var err error
	switch {
	case st.State == StateStaged && r.method == completion.MethodAnswerFile:
		err = im.answerFileStatus(r, &st)
	case st.State == StateStaged && r.method == completion.MethodRegistry:
		err = im.programStatus(r, &st)
	}
	im.findBeside(r, &st)
	if im.Facts().Hive("SYSTEM").State == winimage.HiveUnrecoverable {
		st.unrecoverable()
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
	if st.Program == ProgramInPlace {
		st.ProgramRights, err = im.programRights()
		if errors.Is(err, fs.ErrNotExist) { // taken away by somebody who takes the join back
			st.Program, st.ProgramRights, err = ProgramMissing, "", nil
		}
		if err != nil {
			return err
		}
	}
	now, err := im.shutdownTime()
	if err != nil {
		return err
	}
	st.judgeProgram(r, now)
	return nil
}

// programRights reports who sets the access rights of the program's file.
func (im *openImage) programRights() (string, error) {
	_, holds, err := imagefs.Security(im.session, im.in(programPath))
	if holds {
		return RightsKept, err
	}
	return RightsAtFirstBoot, err
}

// judgeProgram says what the program and the last shutdown of Windows mean for a join that waits. What else the record lacks
// comes first.
func (st *Status) judgeProgram(r *record, shutdownTime []byte) {
	st.NotRun = r.program != "" && r.attempts == 0 && !bytes.Equal(shutdownTime, r.shutdownTime)
	whole := r.blobWhole() && r.hook.Armed()
	st.Incomplete = !whole || st.Program != ProgramInPlace || st.NotRun
	if found := programFinding(st); whole && found.what != "" {
		st.say(found)
	}
}

// memberOf is the domain that an image is a member of.
func memberOf(f winimage.Facts) string {
	return cmp.Or(f.Membership.DomainName, f.Membership.NetBIOSName, "a domain")
}

func programFinding(st *Status) finding {
	const file = systemFolder + `\` + completion.ProgramFile
	switch {
	case st.Program == ProgramMissing:
		return finding{file + " is missing, so that the next boot does not join", "stage it again"}
	case st.Program == ProgramChanged:
		return finding{file + " is not the program that was staged, and would run as SYSTEM", "stage it again, and find out who " +
			"replaced it"}
	case st.NotRun:
		return finding{"Windows was started after staging, and the completion program never ran: application control or antivirus " +
			"may have blocked it, and people may have logged on since, with the blob still in the image", "look into its event " +
			"logs, then stage it again, or unstage it"}
	}
	return finding{}
}

// unrecoverableDetail qualifies a status that was read of a hive as its file stands.
const unrecoverableDetail = "the SYSTEM hive was not closed cleanly and its logs do not complete it, so that this is what " +
	"its file holds and may be out of date; nothing can be staged or taken back before this Windows was started once and " +
	"shut down, or the logs that belong to the hive are there"

// unrecoverable qualifies what was found. What to do about that cannot be done yet.
func (st *Status) unrecoverable() {
	st.say(finding{what: strings.TrimPrefix(strings.TrimSuffix(st.Detail, st.cure)+"; "+unrecoverableDetail, "; ")})
}

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
		st.Owner, st.Account = r.owner, r.account
		st.say(recordFinding(r))
		if r.state == completion.StateStarted {
			st.State = StateFailed
		}
		if known := st.State == StateStaged || st.State == StateCompleted || st.State == StateFailed; !known {
			st.State = StateForeign
			st.say(finding{what: fmt.Sprintf("our key has the unknown state %q", r.state)})
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

// recordFinding says what a record lacks.
func recordFinding(r *record) finding {
	switch {
	case r.state == completion.StateStarted:
		return finding{"the completion program was stopped in the middle of its work, and nothing goes on by itself; the blob may " +
			"still be in the image", "unstage it"}
	case r.state != completion.StateStaged || r.method != completion.MethodRegistry:
		return finding{}
	case len(r.blob) == 0:
		return noBlob
	case !r.blobWhole():
		return finding{"the blob is not the one that was staged, so that the next boot does not join", "stage it again"}
	case !r.hook.Armed():
		return finding{"the completion program is not armed, so that the next boot does not join", "stage it again"}
	case r.attempts > 0:
		code := ""
		if r.result != 0 {
			code = " (" + winerr.Code(r.result).String() + ")"
		}
		return finding{what: fmt.Sprintf("attempt %d of %d came too early%s; the next boot tries again", r.attempts,
			max(completion.MaxAttempts, r.attempts), code)}
	}
	return finding{}
}

// blobWhole reports whether the blob is there as the completion program wants it.
func (r *record) blobWhole() bool { return len(r.blob) > 0 && digest(r.blob) == r.digest }

// left says what there is of a join whose record somebody has removed, or a part of it; "" is nothing.
func (r *record) left() string {
	var left []string
	if r.hook.StartsProgram() {
		left = append(left, "the next boot starts "+completion.ProgramFile)
	}
	if len(r.blob) > 0 {
		left = append(left, "the blob is in the image")
	}
	if len(left) == 0 {
		return ""
	}
	return "the record of a join was taken away, and something of it is left: " + strings.Join(left, ", and ") + ": unstage it"
}

// noBlob is also what an unstage leaves that was broken off.
var noBlob = finding{"the blob is missing, so that the next boot does not join", "unstage it to clear away the rest, or stage it again"}

// answerFileStatus finds out what has become of a join in an answer file. Nobody writes it into the record: Windows Setup knows
// nothing of that.
func (im *openImage) answerFileStatus(r *record, st *Status) error {
	if st.judgeSetup(r, im.Facts()) {
		return nil
	}
	wrong, cure, err := im.answerFileWrong(r, st)
	if err == nil && wrong != "" {
		st.answerFileIs(wrong, cure)
	}
	return err
}

// correctIt is what to do about an answer file that staging refuses.
const correctIt = "correct it, or remove it, and stage again"

// answerFileIs says what keeps the answer file from making the join, and what to do about it.
func (st *Status) answerFileIs(wrong, cure string) {
	st.Incomplete = true
	st.say(finding{"the answer file " + wrong + ", so that the next boot does not join", cure})
}

// joinGone is what is wrong with an answer file that holds another join or none.
const joinGone = "does not hold the join any more"

// judgeSetup says how far Windows Setup has come with a join, and reports whether it has begun.
func (st *Status) judgeSetup(r *record, f winimage.Facts) bool {
	switch {
	case f.Membership.Joined && sameDomain(r.domain, f.Membership.DomainName, f.Membership.NetBIOSName):
		st.State = StateCompleted
		st.say(finding{what: "Windows Setup has joined the machine"})
	case f.Membership.Joined:
		st.State = StateJoined
		st.MachineName, st.Domain = f.ComputerName, cmp.Or(f.Membership.DomainName, f.Membership.NetBIOSName)
		st.say(finding{what: "the machine is a member of " + memberOf(f) + ", not by the join that was staged"})
	case f.Phase == winimage.PhaseInstalled, f.Phase == winimage.PhaseSpecialized, f.Phase == winimage.PhaseUndeployable:
		st.State = StateFailed
		st.say(finding{
			"Windows Setup has been through its specialize pass, and the machine is no member of " + r.domain,
			`read Panther\setupact.log and debug\NetSetup.log in the image`,
		})
	case f.Phase == winimage.PhaseSetup:
		st.say(finding{what: "Windows Setup has begun, and has not come to an end"})
	default:
		return false
	}
	return true
}

// answerFileWrong returns what keeps the answer file that the record names from making the recorded join, "" when nothing does, and
// what to do about it. A join that was moved to another answer file is told in st.
func (im *openImage) answerFileWrong(r *record, st *Status) (wrong, cure string, err error) {
	const again = "stage it again"
	older, err := r.olderAnswerFile()
	if err != nil || older == nil {
		return joinGone, again, err
	}
	place, err := older.Find(im.session, im.pointer())
	if err != nil || !place.Exists() {
		return joinGone, again, err
	}
	defer place.Wipe()
	facts, err := answerfile.ReadFacts(place.Content, string(im.Facts().Architecture), place.Path)
	if wrong, unread := answerfile.Unread(err); unread {
		return wrong, correctIt, nil
	}
	if err != nil {
		return "", "", err
	}
	defer facts.Wipe()
	switch {
	case digest(facts.AccountData) != older.Undo.AccountData:
		return joinGone, again, nil
	case facts.Processed:
		return "is marked as used by Windows Setup", again, nil
	case facts.Blanks:
		return "has blanks in the AccountData of the join", again, nil
	case !strings.EqualFold(facts.MachineName, plaintext.Line(older.Undo.MachineName, plaintext.Name)):
		return "gives the machine another name than the join", again, nil
	}
	if wrong, cure = im.notTaken(place); wrong == "" && place.Moved {
		st.say(finding{what: "the join was moved to the answer file " + place.Path + ", which Windows Setup takes"})
	}
	return wrong, cure, nil
}

// notTaken returns why Windows Setup takes another answer file than the one at a place, "" when it does not, and when that one is
// told of as a join beside ours.
func (im *openImage) notTaken(place *answerfile.Place) (wrong, cure string) {
	taken, err := answerfile.Find(im.session, im.pointer())
	if err != nil {
		return "may not be the one that Windows Setup takes (" + winerr.MessageOf(err) + ")", "see to that, and stage it again"
	}
	defer taken.Wipe()
	if taken.Name() == place.Name() || im.asksForJoin(taken) {
		return "", ""
	}
	return "with the join (" + place.Path + ") is not the one that Windows Setup takes, which is " + taken.Path,
		"remove that one, or stage it again"
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
