package offlinejoin

import (
	"context"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// deferred returns the session when nothing of it reaches the image before it is committed, and nil for other kinds.
func (im *openImage) deferred() imagefs.Deferred {
	d, _ := im.session.(imagefs.Deferred)
	return d
}

// notes returns what the session has to say about the image.
func (im *openImage) notes() []string {
	if n, ok := im.session.(imagefs.Noted); ok {
		return n.Notes()
	}
	return nil
}

// secret names what is being taken away to a session that writes later, so that it is kept nowhere.
func (im *openImage) secret(b []byte) {
	if d := im.deferred(); d != nil && len(b) > 0 {
		d.Secret(b)
	}
}

// newDisk returns the disk that the session has made, nil when it has made none.
func (im *openImage) newDisk() *NewDisk {
	d := im.deferred()
	if d == nil {
		return nil
	}
	made := d.NewDisk()
	if made == nil || made.Existed {
		return nil
	}
	return &NewDisk{
		Path: plaintext.Line(made.Path, 0), Golden: plaintext.Line(made.Golden, 0), Overlay: made.Overlay, Size: made.Size,
	}
}

// makesDisk reports whether a commit makes a new disk, which appears whole or not at all.
func (im *openImage) makesDisk() bool {
	d := im.deferred()
	if d == nil {
		return false
	}
	made := d.NewDisk()
	return made != nil && !made.Existed
}

// newDiskExisted refuses to make a disk again that is there: a machine may run on it by now.
func (im *openImage) newDiskExisted() error {
	d := im.deferred()
	if d == nil {
		return nil
	}
	made := d.NewDisk()
	if made == nil || !made.Existed {
		return nil
	}
	return winerr.Errorf(winerr.CantCreateJoinInfo, "%s exists, and does not hold this join: remove it first, or stage in "+
		"place with image_path = %q", plaintext.Line(made.Path, 0), plaintext.Line(made.Path, 0))
}

// eraseFirst takes the blob of an older join out of an image that could otherwise not forget it while another takes its
// place, and plans anew. Whoever is stopped in between finds a join without a blob, and stages again.
func eraseFirst(ctx context.Context, p *plan) (*plan, error) {
	if p.image == nil || p.receipt.Outcome != OutcomeStaged || len(p.record.blob) == 0 {
		return p, nil
	}
	if d := p.image.deferred(); d == nil || !d.ErasesFirst() {
		return p, nil
	}
	t := newTransaction(p)
	err := t.backup(ctx, p.req.Backup)
	if err == nil {
		err = t.rehearse(ctx)
	}
	if err := errors.Join(err, p.close()); err != nil {
		return nil, err
	}
	req := p.req
	erased, err := eraseBlob(ctx, req.Image)
	if err != nil {
		return nil, winerr.Errorf(codeOf(err), "the blob of the join that %s holds could not be erased: %w", req.Image, uncoded{err})
	}
	req.Backup, req.Progress = "", nil // the copy is made, and everything was reported
	again, err := prepare(ctx, req, imagefs.Write)
	if err != nil {
		return nil, winerr.Errorf(codeOf(err), "the blob of the join that %s held is erased, and the new join is not staged yet: %w: "+
			"stage again", req.Image, uncoded{err})
	}
	again.reporter = reporter{p.req.Progress, again.receipt}
	again.receipt.Changes, again.erased = p.receipt.Changes, erased
	return again, nil
}

// eraseBlob takes the blob out of an image's record, in a commit of its own.
func eraseBlob(ctx context.Context, at Image) (imagefs.Cost, error) {
	im, err := at.open(ctx, imagefs.Write)
	if err != nil {
		return imagefs.Cost{}, err
	}
	defer im.Close() // what was to be written has been committed
	r, err := readRecord(im.System())
	if err != nil {
		return imagefs.Cost{}, err
	}
	defer r.wipe()
	im.secret(r.blob)
	if err := im.commitEdits(erasingEdits(), true); err != nil {
		return imagefs.Cost{}, err
	}
	return im.commit(ctx)
}
