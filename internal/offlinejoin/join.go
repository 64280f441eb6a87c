package offlinejoin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// PlanJoin makes every check of [Join], and writes nothing, neither to the directory nor to the image.
func PlanJoin(ctx context.Context, d *Directory, acc AccountRequest, req Request) (*AccountPlan, *Receipt, error) {
	j, err := newJoin(ctx, d, acc, req)
	if err != nil {
		return nil, nil, err
	}
	if j.plan.Action == AccountAdopt {
		receipt, err := j.adopted(ctx, Plan)
		return j.plan, receipt, err
	}
	receipt, err := j.rehearse(ctx)
	return j.plan, receipt, err
}

// Join makes the account, or gives it a new password, and stages its blob into the image, in one: the password is in memory
// and in the image, nowhere else. Every check of both sides comes before the first write: a wrong name, OU, image or right
// leaves nothing in the directory. When something fails after that, what was written is taken back (AccountRequest.OnError).
//
// A join that was broken off anywhere is finished by the next one for the same image, or refused: an image that holds a valid
// join of the account is left as it is, and its account gets no other password; one that has booted is never touched. Where
// the blob in it was made with other words than the request has, it is refused ([OtherInputsError]), or made anew as
// Request.OnExisting says.
//
// Errors are those of [PlanAccount], [Provision] and [Stage]. req has no Blob; req.Expect is not used.
func Join(ctx context.Context, d *Directory, acc AccountRequest, req Request) (*Receipt, error) {
	unlock, err := lockJoin(ctx, acc, req)
	if err != nil {
		return nil, nothingWritten(err)
	}
	defer unlock()
	j, err := newJoin(ctx, d, acc, req)
	if err != nil {
		return nil, nothingWritten(err)
	}
	if j.plan.Action == AccountAdopt {
		return j.adopt(ctx)
	}
	planned, err := j.rehearse(ctx)
	if err != nil {
		return nil, nothingWritten(err)
	}
	if planned.Outcome == OutcomeKept {
		return planned, nil
	}
	j.acc.reached("after the rehearsal")
	return j.carryOut(ctx)
}

// lockJoin keeps two joins of one image on this machine apart, from looking the account up to the last word about it: what
// the one has begun, the other would take for left over. Between machines, the marker of the account does it.
func lockJoin(ctx context.Context, acc AccountRequest, req Request) (unlock func(), err error) {
	if req.Online {
		return func() {}, nil
	}
	return ledger.Lock(ctx, "join "+acc.place(&req.Image), "a join of "+req.Image.String(), req.Image.LockTimeout)
}

// accountJoin is one join while it is carried out.
type accountJoin struct {
	reporter  // warnings go into the receipt in the end
	directory *Directory
	acc       AccountRequest
	req       Request
	plan      *AccountPlan
	held      *heldJoin // of the image; nil: none
	newDisk   bool      // the disk is to be made by this run
}

// newJoin looks at the image and at the account, and decides what is to be done.
func newJoin(ctx context.Context, d *Directory, acc AccountRequest, req Request) (*accountJoin, error) {
	if req.Blob != nil {
		return nil, winerr.Errorf(winerr.InvalidParameter, "a blob and an account were both given: leave one out")
	}
	acc.Progress, acc.Now = req.Progress, req.Now
	j := &accountJoin{reporter: reporter{req.Progress, newReceipt(req.Now)}, directory: d, acc: acc, req: req}
	if err := acc.Check(); err != nil {
		return nil, err
	}
	if err := checkMethod(req); err != nil {
		return nil, err
	}
	var err error
	if j.held, err = heldBy(ctx, req); err != nil {
		return nil, err
	}
	j.step("Looking up the account of %s", acc.MachineName)
	at := &req.Image
	if req.Online {
		at = nil
	}
	if j.plan, err = planAccount(ctx, d, acc, at, j.held); err != nil {
		if j.held != nil {
			j.held.blob.Wipe()
		}
		return nil, err
	}
	j.warn(j.plan.Warnings...)
	j.detail("%s: %s, at %s", j.plan.Action, j.plan.DN, j.plan.DC)
	return j, nil
}

// heldJoin is a join with an account that an image holds, valid or not.
type heldJoin struct {
	state  State
	record *AccountRecord
	blob   *Blob       // nil: not in the record
	inputs *blobInputs // what its blob was made with; nil: not known

	image  string // what messages call it
	made   bool   // it is a disk that was made for the join
	exists OnExisting
	choice bool // the user can set on_existing
}

// passwordOf returns when the password was set that the image holds for an account, 0 for none.
func (h *heldJoin) passwordOf(a *activedirectory.Account) FileTime {
	if h == nil || h.record == nil || a == nil || h.record.ObjectGUID != a.GUID {
		return 0
	}
	return h.record.PasswordLastSet
}

// bootedWith reports whether the image has booted and joined with an account: its machine may have changed the password since.
func (h *heldJoin) bootedWith(a *activedirectory.Account) bool {
	return h != nil && h.state == StateCompleted && h.record != nil && h.record.ObjectGUID == a.GUID
}

// heldBy reads the join that the image holds; nil when it holds none of ours that names its account. A new disk that is not
// there yet holds nothing, whatever its golden image does.
func heldBy(ctx context.Context, req Request) (*heldJoin, error) {
	at := req.Image
	if req.Online {
		return nil, nil
	}
	if at.NewPath() != "" {
		at.Location = at.Made()
		if at.Presence() != Present {
			return nil, nil
		}
	}
	im, err := at.open(ctx, imagefs.Read)
	if err != nil {
		return nil, err
	}
	defer im.Close() // nothing was written
	r, err := readRecord(im.System())
	if err != nil {
		return nil, err
	}
	defer r.wipe()
	st, err := im.status(&r)
	if err != nil || st.Account == nil || st.State != StateStaged && st.State != StateCompleted {
		return nil, err
	}
	h := &heldJoin{
		state: st.State, record: st.Account, image: im.session.String(), made: req.Image.NewPath() != "",
		exists: req.OnExisting, choice: !req.FixedOnExisting,
	}
	if r.method == completion.MethodRegistry && st.State == StateStaged && len(r.blob) > 0 {
		if h.blob, err = ReadBlob(slices.Clone(r.blob), "the join in the image"); err != nil {
			h.blob, err = nil, nil // damaged: staged anew
			h.record = nil
		} else {
			h.inputs = inputsOf(h.blob)
		}
	} else if st.State == StateStaged && st.Detail != "" {
		h.record = nil // not in working order, and nothing to repair it with
	} else if st.State == StateStaged {
		h.inputs, err = r.answerFileInputs(im)
	}
	return h, err
}

// withAccount returns the request with a blob and what the image's record keeps of its account.
func (j *accountJoin) withAccount(b *Blob, record *AccountRecord) Request {
	req := j.req
	req.Blob, req.Account, req.Expect = b, record, Expect{}
	if staged := j.held.passwordOf(j.plan.existing); j.plan.Action == AccountReset && staged != 0 && j.held.state == StateStaged {
		req.OnExisting = OnExistingReplace // a join of this very account, whose password is gone
	}
	return req
}

// adopted finishes a join that the image holds already, by Stage or Plan. It writes the image only to put it in working order.
func (j *accountJoin) adopted(ctx context.Context, do func(context.Context, Request) (*Receipt, error)) (*Receipt, error) {
	var receipt *Receipt
	if j.held.blob != nil {
		defer j.held.blob.Wipe()
		var err error
		if receipt, err = do(ctx, j.withAccount(j.held.blob, j.held.record)); err != nil {
			return nil, err
		}
	} else {
		st, err := ReadStatus(ctx, StatusRequest{Image: j.made()})
		if err != nil {
			return nil, err
		}
		receipt = j.receipt
		receipt.Outcome, receipt.Status, receipt.Method = OutcomeUnchanged, *st, st.Method
		j.receipt = receipt
		j.untouched()
	}
	receipt.Account = j.plan.Account
	j.addWarnings(receipt)
	return receipt, nil
}

// made returns the image as it is found once a new disk is there.
func (j *accountJoin) made() Image {
	at := j.req.Image
	at.Location = at.Made()
	return at
}

// adopt finishes a join that a run before this one has staged.
func (j *accountJoin) adopt(ctx context.Context) (*Receipt, error) {
	receipt, err := j.adopted(ctx, Stage)
	if err != nil {
		return nil, err
	}
	m := j.plan.existing.Marker
	if m.State != activedirectory.MarkerPending || m.Place != j.plan.place {
		return receipt, nil
	}
	made := &Provisioned{directory: j.directory, plan: j.plan, account: j.plan.existing, marker: m, Account: *j.plan.Account}
	warning, err := made.Staged(ctx)
	if err != nil {
		return nil, err
	}
	receipt.Account = &made.Account
	if warning != "" {
		reporter{j.req.Progress, receipt}.warn(warning)
	}
	return receipt, nil
}

// rehearse plans the join of the image with a blob whose password no account has.
func (j *accountJoin) rehearse(ctx context.Context) (*Receipt, error) {
	if j.held != nil {
		j.held.blob.Wipe() // it is of no use
	}
	blob, err := rehearsalBlob(ctx, j.directory, j.plan)
	if err != nil {
		return nil, err
	}
	defer blob.Wipe()
	req := j.withAccount(blob, &AccountRecord{ObjectGUID: rehearsalGUID})
	req.Progress = nil // Stage reports it
	receipt, err := Plan(ctx, req)
	if err != nil {
		return nil, err
	}
	receipt.Account = j.plan.Account
	j.addWarnings(receipt)
	j.forget(receipt, blob)
	return receipt, nil
}

// later stands for what is not known before the account has its password.
const later = "known once the account has its password"

// forget takes out of a receipt what is of the rehearsal alone, and would be taken for a fact of the join.
func (j *accountJoin) forget(receipt *Receipt, rehearsal *Blob) {
	fingerprint := rehearsal.Facts().Fingerprint
	receipt.Blob.Fingerprint = ""
	if j.plan.existing == nil {
		receipt.Blob.AccountSID = ""
	}
	if receipt.Status.Fingerprint == fingerprint {
		receipt.Status.Fingerprint = ""
	}
	for i := range receipt.Changes {
		c := &receipt.Changes[i]
		if c.After == fingerprint || c.After == rehearsalGUID || c.Name == completion.ValueAccountPwdLastSet {
			c.After = later
		}
	}
}

// rehearsalGUID has the length of every objectGUID.
const rehearsalGUID = "00000000-0000-0000-0000-000000000000"

func (j *accountJoin) addWarnings(receipt *Receipt) {
	for _, w := range j.plan.Warnings {
		if !slices.Contains(receipt.Warnings, w) {
			receipt.Warnings = append(receipt.Warnings, w)
		}
	}
}

// carryOut writes to the directory and to the image, in this order.
func (j *accountJoin) carryOut(ctx context.Context) (*Receipt, error) {
	made, err := Provision(ctx, j.directory, j.plan)
	if errors.Is(err, activedirectory.ErrConnectionLost) {
		return nil, err // it says what is known
	}
	if err != nil {
		return nil, nothingWritten(err)
	}
	defer made.Wipe()
	if made.Account.Made {
		j.step("Made the account %s", made.Account.DN)
	} else {
		j.step("Gave the account %s a new password", made.Account.DN)
	}
	record := &AccountRecord{ObjectGUID: made.Account.ObjectGUID, PasswordLastSet: made.Account.PasswordLastSet}
	j.newDisk = j.req.Image.NewPath() != "" && !DiskExists(j.req.Image)
	receipt, err := Stage(ctx, j.withAccount(made.Blob, record))
	if err != nil {
		return nil, j.failed(ctx, made, err)
	}
	j.acc.reached("after the image")
	warning, err := made.Staged(ctx)
	if err != nil { // somebody else has the account
		return nil, errors.Join(err, j.unstage(ctx, made, true))
	}
	j.acc.reached("after the marker")
	account := made.Account
	receipt.Account = &account
	j.addWarnings(receipt)
	if warning != "" {
		reporter{j.req.Progress, receipt}.warn(warning)
	}
	return receipt, nil
}

// failed takes the account back when the image could not be written: the image first, so that none is left with a join whose
// account is gone.
func (j *accountJoin) failed(ctx context.Context, made *Provisioned, err error) error {
	return made.Failed(ctx, errors.Join(err, j.unstage(ctx, made, false)))
}

// unstage takes the join of this blob out of the image, where it got there, and a disk that was made for it away. staged says
// that it is known to have got there.
func (j *accountJoin) unstage(ctx context.Context, made *Provisioned, staged bool) error {
	if j.req.Online || j.req.Method == MethodNative {
		return nil
	}
	at := j.made()
	if at.Presence() != Present {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer cancel()
	st, err := ReadStatus(ctx, StatusRequest{Image: at})
	if err != nil && staged {
		return winerr.Errorf(codeOf(err), "%s holds the join still, which is of no use: run offlinejoin unstage on it, or remove it: %w", at,
			winerr.Uncoded(err))
	}
	if err != nil || st.State != StateStaged || st.Fingerprint != made.Blob.parsed.Fingerprint() {
		return nil // it is not there, or cannot be read: the failure that is reported says so
	}
	if j.newDisk && j.removeDisk(ctx) {
		return nil
	}
	_, err = Unstage(ctx, UnstageRequest{Image: at, SingleUse: j.req.SingleUse, StagedBy: j.req.StagedBy, Now: j.req.Now})
	if err == nil && j.newDisk {
		j.warn(at.String() + " was made for this join and stays, without the join, because somebody has it open or has changed it")
	}
	return err
}

// removeDisk removes the disk that this run has made, with its join, as long as nobody has used it: without the join it is of
// no use, and would be in the way of the next run. It reports whether the disk is gone.
func (j *accountJoin) removeDisk(ctx context.Context) bool {
	disk, err := ReadDisk(ctx, DiskRequest{Image: j.req.Image, Mark: true})
	if err != nil || disk.Mark == nil {
		return false
	}
	removal, err := RemoveDisk(ctx, RemoveDiskRequest{
		Image: j.req.Image, Was: disk.Mark, SingleUse: j.req.SingleUse, StagedBy: j.req.StagedBy,
	})
	if err != nil || !removal.Removed {
		return false
	}
	j.warn(removal.Warnings...)
	return true
}
