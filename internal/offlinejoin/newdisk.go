package offlinejoin

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// DiskMark is what is remembered of a disk that was made for a join, to see later whether any machine has used it: all of
// it must be as it was left. Front ends keep it. It holds no secret.
type DiskMark struct {
	imagefs.DiskMark
	Fingerprint  string `json:"fingerprint"`             // of the join in it …
	Owner        string `json:"owner,omitempty"`         // … whose that is …
	StagedAt     string `json:"staged_at,omitempty"`     // … and since when
	ShutdownTime string `json:"shutdown_time,omitempty"` // of its Windows, hex; "": it was never shut down
}

// Disk is a disk image file with a join, as it is now.
type Disk struct {
	Status      Status
	Format      string    // in qemu's words: raw, qcow2, vhdx, vpc, vmdk
	VirtualSize int64     // of the disk, in bytes
	Backing     string    // the file that it stands on, safe for a line; "": none
	Mark        *DiskMark // nil where Used is not empty
	Used        string    // why it cannot be said later that no machine has used it, in a clause; mostly empty
}

// DiskRequest asks for a disk.
type DiskRequest struct {
	Image Image // with OverlayPath or CopyPath, it is about the new disk
	Mark  bool  // fill Mark or Used: all of an overlay is read for that, or the journal of the volume
}

// MakesDifferencing reports whether the new disk of an image is a differencing disk, which Windows makes on Windows hosts:
// [ReadDisk] does not read one, so that nothing can be said later about who has used it.
func MakesDifferencing(at Image) bool { return open.MakesDifferencing(at.Location) }

// ReadDisk returns what a disk is and what join it holds. It writes nothing. Errors are those of [ReadStatus]; see [InUse]
// for a disk that a machine holds.
func ReadDisk(ctx context.Context, req DiskRequest) (*Disk, error) {
	req.Image.Location = req.Image.Made()
	im, err := req.Image.open(ctx, imagefs.Read)
	if err != nil {
		return nil, err
	}
	defer im.Close() // nothing was written
	file, ok := im.session.(imagefs.DiskFile)
	if !ok {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is no disk image file", req.Image)
	}
	st, err := im.readStatus(false)
	if err != nil {
		return nil, err
	}
	facts := file.Disk()
	d := &Disk{
		Status: *st, Format: facts.Format, VirtualSize: facts.Size, Backing: plaintext.Line(facts.Backing, 0),
	}
	if !req.Mark {
		return d, nil
	}
	if d.Used = started(st); d.Used != "" {
		return d, nil
	}
	if d.Mark, err = im.mark(file, st); err != nil {
		d.Mark, d.Used = nil, winerr.MessageOf(err)
	}
	return d, nil
}

// started says why the join in a disk is not one that waits for its first boot, "" when it is.
func started(st *Status) string {
	switch {
	case st.State != StateStaged:
		return "its join is " + string(st.State)
	case st.Attempts > 0 || st.NotRun:
		return "its machine was started"
	case st.Detail != "":
		return st.Detail
	}
	return ""
}

// mark returns what to remember of a disk with a join that waits.
func (im *openImage) mark(file imagefs.DiskFile, st *Status) (*DiskMark, error) {
	if err := im.CheckAtRest(); err != nil {
		return nil, err
	}
	shutdown, err := im.shutdownTime()
	if err != nil {
		return nil, err
	}
	m, err := file.Mark()
	return &DiskMark{
		DiskMark: m, Fingerprint: st.Fingerprint, Owner: st.Owner, StagedAt: st.StagedAt,
		ShutdownTime: hex.EncodeToString(shutdown),
	}, err
}

// same reports whether two marks are of one disk that nobody has changed.
func (m *DiskMark) same(other *DiskMark) bool {
	return m.Fingerprint == other.Fingerprint && m.Owner == other.Owner && m.StagedAt == other.StagedAt &&
		m.ShutdownTime == other.ShutdownTime && m.DiskMark.Same(other.DiskMark)
}

// InUse reports whether an error means that somebody else holds the image now, which waiting may end: a machine that runs
// on it, or somebody who changes it.
func InUse(err error) bool {
	code, _ := winerr.CodeOf(err)
	return code == winerr.Busy && !errors.Is(err, imagefs.ErrLasting)
}

// IsMissing reports whether an error means that a file which is needed is not there.
func IsMissing(err error) bool {
	code, _ := winerr.CodeOf(err)
	return code == winerr.FileNotFound || errors.Is(err, fs.ErrNotExist)
}

// DiskUnused says in one clause why a disk is not as it was left, "" when all of it is. It takes no lock that would keep
// anybody from it for longer than the look takes, and writes nothing; [RemoveDisk] looks again. A nil mark is of a disk of
// which nothing is known.
func DiskUnused(ctx context.Context, at Image, was *DiskMark) (used string, err error) {
	if other := inPlaceOfDisk(at); other != "" {
		return inItsPlace(other), nil
	}
	if was == nil {
		return notMarked, nil
	}
	if was.Whole {
		return was.wholeUnused(ctx, at)
	}
	d, err := ReadDisk(ctx, DiskRequest{Image: at, Mark: true})
	switch {
	case InUse(err):
		return inUse, nil
	case err != nil:
		return "", err
	case d.Used != "":
		return d.Used, nil
	}
	return was.differs(d.Mark), nil
}

// wholeUnused is DiskUnused for a file whose bytes all count: what it stands on may be gone or broken.
func (m *DiskMark) wholeUnused(ctx context.Context, at Image) (used string, err error) {
	path := at.Made().ImagePath
	if open.HasJournal(path) {
		return journalBeside, nil
	}
	held, err := open.HoldDisk(ctx, path, false, at.LockTimeout)
	if InUse(err) {
		return inUse, nil
	}
	if err != nil {
		return "", err
	}
	defer held.Close() // only read
	return m.wholeDiffers(held)
}

// wholeFile is a file that others cannot change.
type wholeFile interface {
	Weak() bool
	Size() int64
	Whole() (imagefs.FileMark, error)
}

// wholeDiffers says why a file is not the one of which the mark has the digest of all bytes.
func (m *DiskMark) wholeDiffers(held wholeFile) (used string, err error) {
	switch {
	case held.Weak():
		return "its file system has no locks, so that somebody may have it open now", nil
	case held.Size() != m.File.Size:
		return changed, nil
	}
	now, err := held.Whole()
	if err == nil && now.SHA256 != m.File.SHA256 {
		return changed, nil
	}
	return "", err
}

// Why a disk counts as used.
const (
	notMarked = "it was not seen as it was made, so that nobody can say whether a machine has used it"
	inUse     = "something has it open now"
	changed   = "its content is not what it was when it was made"

	journalBeside = "the journal of an interrupted edit is beside it"
)

func (m *DiskMark) differs(now *DiskMark) string {
	if m.same(now) {
		return ""
	}
	return changed
}

// RemoveDiskRequest asks to remove a disk that was made for a join.
type RemoveDiskRequest struct {
	Image Image
	Was   *DiskMark // as it was left; nil: not known
	// Used disks are removed, too. A disk that somebody has open is not.
	Used      bool
	SingleUse SingleUse // where the account is free again when the disk was never used
	StagedBy  string    // as in Request
}

// DiskRemoval is what became of a disk.
type DiskRemoval struct {
	Removed  bool
	Used     string   // why it is not as it was left, in a clause; "" when it is
	Other    string   // what is in the place of the disk, such as "a directory"; "": a file
	Warnings []string // in sentences
}

// RemoveDisk removes a disk that no machine has used: all of it is as it was left, and nobody else has it open, which is
// kept so until it is gone. Any doubt means that it stays, with the reason in Used; so does what is no file, with its kind in Other,
// whatever is asked for. The use of the account in a ledger ends
// only with a disk that goes unused. Errors are those of the file system, and 170 where a disk is to be removed whatever it
// was used for, and somebody has it open.
func RemoveDisk(ctx context.Context, req RemoveDiskRequest) (*DiskRemoval, error) {
	req.Image.Location = req.Image.Made()
	image := ledger.NewImage(req.Image.String(), req.Image.Identity())
	out := &DiskRemoval{}
	if err := req.SingleUse.usable(req.Image); err != nil {
		return out, err
	}
	uses := &heldUses{}
	if req.Was != nil {
		uses = req.SingleUse.held(ctx, image, req.Was.Fingerprint, req.Image.LockTimeout)
	}
	err := req.remove(ctx, out)
	if err != nil || !out.Removed || out.Used != "" {
		return out, err
	}
	warning, err := uses.release(ctx, req.StagedBy)
	if err != nil {
		out.Warnings = append(out.Warnings, "the disk is removed, but the ledger could not be told: "+winerr.MessageOf(err))
	}
	if warning != "" {
		out.Warnings = append(out.Warnings, warning)
	}
	return out, nil
}

func (req RemoveDiskRequest) remove(ctx context.Context, out *DiskRemoval) error {
	if out.Other = inPlaceOfDisk(req.Image); out.Other != "" {
		out.Used = inItsPlace(out.Other)
		return nil
	}
	path := req.Image.ImagePath
	if open.HasJournal(path) {
		out.Used = journalBeside
		if req.Used {
			return winerr.Errorf(winerr.Busy, "%s cannot be removed: %s: run `offlinejoin unstage --image-path` on it, which undoes "+
				"or completes the edit", req.Image, out.Used)
		}
		return nil
	}
	var err error
	switch {
	case req.Was == nil:
		if out.Used = notMarked; req.Used {
			err = req.removeHeld(ctx, out)
		}
	case req.Was.Whole:
		err = req.removeHeld(ctx, out)
	default:
		err = req.removeOpen(ctx, out)
	}
	if req.Used || !InUse(err) {
		return err
	}
	out.Used = inUse
	return nil
}

// removeHeld removes a file whose bytes all count, or one that goes whatever is in it.
func (req RemoveDiskRequest) removeHeld(ctx context.Context, out *DiskRemoval) error {
	held, err := open.HoldDisk(ctx, req.Image.ImagePath, true, req.Image.LockTimeout)
	if err != nil {
		return err
	}
	defer held.Close() // it was only read
	if out.Used == "" {
		if out.Used, err = req.Was.wholeDiffers(held); err != nil {
			return err
		}
	}
	if out.Used != "" && !req.Used {
		return nil
	}
	return out.removing(held.Remove, req.Used)
}

// removeOpen removes a disk that is judged by what Windows and NTFS write at every start.
func (req RemoveDiskRequest) removeOpen(ctx context.Context, out *DiskRemoval) error {
	im, err := req.Image.open(ctx, imagefs.Write)
	switch {
	case InUse(err):
		return err
	case err != nil: // a disk that is not in order was used
		out.Used = winerr.MessageOf(err)
		if req.Used {
			return req.removeHeld(ctx, out)
		}
		return nil
	}
	defer im.Close() // nothing was committed
	file, ok := im.session.(imagefs.DiskFile)
	if !ok {
		return winerr.Errorf(winerr.InvalidParameter, "%s is no disk image file", req.Image)
	}
	if out.Used = im.judge(file, req.Was); out.Used != "" && !req.Used {
		return nil
	}
	return out.removing(file.RemoveFile, req.Used)
}

// judge says why an open disk is not as it was left.
func (im *openImage) judge(file imagefs.DiskFile, was *DiskMark) string {
	st, err := im.readStatus(false)
	if err != nil {
		return winerr.MessageOf(err)
	}
	if why := started(st); why != "" {
		return why
	}
	now, err := im.mark(file, st)
	if err != nil {
		return winerr.MessageOf(err)
	}
	return was.differs(now)
}

// removing removes the file. One that has another name as well, or another file in its place, stays.
func (out *DiskRemoval) removing(remove func() error, wanted bool) error {
	err := remove()
	if code, _ := winerr.CodeOf(err); code == winerr.CantCreateJoinInfo && !wanted {
		out.Used = winerr.MessageOf(err)
		return nil
	}
	out.Removed = err == nil
	return err
}

// inPlaceOfDisk says what there is at the path of a disk that was made, where that is no file; "" for a file, and for nothing.
func inPlaceOfDisk(at Image) string {
	info, err := os.Lstat(at.Made().ImagePath)
	if err != nil || info.Mode().IsRegular() {
		return ""
	}
	return imagefs.Describe(info.Mode())
}

func inItsPlace(other string) string { return "there is " + other + " in its place now" }

// DiskExists reports whether there is a file, of whatever kind, where a location has or will have its disk.
func DiskExists(at Image) bool {
	_, err := os.Lstat(at.Made().ImagePath)
	return err == nil
}
