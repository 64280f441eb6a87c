package offlinejoin

import (
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

// made returns the disk made from a golden image that the session is about, nil when the image itself is changed.
func (im *openImage) made() *imagefs.NewDisk {
	m, ok := im.session.(imagefs.Making)
	if !ok {
		return nil
	}
	return m.NewDisk()
}

// newDisk returns the disk that the session has made, nil when it has made none.
func (im *openImage) newDisk() *NewDisk {
	made := im.made()
	if made == nil || made.Existed {
		return nil
	}
	return &NewDisk{
		Path: plaintext.Line(made.Path, 0), Golden: plaintext.Line(made.Golden, 0), Overlay: made.Overlay, Size: made.Size,
	}
}

// makesDisk reports whether a commit makes a new disk, which appears whole or not at all.
func (im *openImage) makesDisk() bool {
	made := im.made()
	return made != nil && !made.Existed
}

// golden returns the golden image of the disk that a commit makes, safe for a line, and "" where it makes none.
func (im *openImage) golden() string {
	if !im.makesDisk() {
		return ""
	}
	return plaintext.Line(im.made().Golden, 0)
}

// newDiskExisted refuses to make a disk again that is there: a machine may run on it by now.
func (im *openImage) newDiskExisted() error {
	made := im.made()
	if made == nil || !made.Existed {
		return nil
	}
	return winerr.Errorf(winerr.CantCreateJoinInfo, "%s exists, and does not hold this join: remove it first, or stage in "+
		"place with image_path = %q", plaintext.Line(made.Path, 0), plaintext.Line(made.Path, 0))
}

// outdatedCopy says that a copy which is there is of the golden image as it was once; "" where it is not.
func (im *openImage) outdatedCopy() string {
	made := im.made()
	if made == nil || !made.Outdated {
		return ""
	}
	path, golden := plaintext.Line(made.Path, 0), plaintext.Line(made.Golden, 0)
	return golden + " was written to after " + path + " was copied from it, and the copy stays as it is: remove " + path +
		" and run this again to have it made of what " + golden + " holds now"
}

// inOneCommit reports whether a record with a blob goes in one commit of the hive. The logs of a hive that was not closed cleanly
// may have the blob in entries that an undo needs: a second commit would write over them before they are erased, and what an
// undo needs of a secret no journal may hold.
func (im *openImage) inOneCommit(r *record) bool {
	d := im.deferred()
	return d != nil && d.KeepsOld() && len(r.blob) > 0 && im.System().Recovery().Dirty
}

// keepApart prepares a session that keeps old bytes in a journal for taking an older join's blob away in the commit that brings
// another one in: the journal leaves the blob out, which only zeros may replace then.
func (im *openImage) keepApart(r *record) {
	if d := im.deferred(); d == nil || len(r.blob) == 0 || !d.KeepsOld() {
		return
	}
	im.secret(r.blob)
	im.System().Apart()
}
