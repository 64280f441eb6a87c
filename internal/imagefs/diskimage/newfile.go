package diskimage

import (
	"bytes"
	"io"
	"io/fs"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// newFile is a file that was created, while its content and its security are put together. It goes into the transaction
// as a whole when it is synced or closed, or when the session is asked for anything else: so what is in it lies in clusters
// that were free, and nowhere else.
type newFile struct {
	f      *file
	inside string
	data   []byte
	sd     []byte // nil: that of the file that the hives of the image have for secrets
}

// maxNew bounds a new file, in bytes.
const maxNew = 64 << 20

// Create implements imagefs.Volume.
func (s *Session) Create(name string) (imagefs.File, error) {
	inside, err := s.enter(name, imagefs.OpCreate)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	_, err = s.tx.Stat(inside)
	if err == nil {
		err = fs.ErrExist
	} else if isNotExist(err) {
		_, err = s.tx.Stat(parent(inside))
	}
	if err != nil {
		return nil, fileError(imagefs.OpCreate, s.Path(name), err)
	}
	f := &file{s: s, path: s.Path(name), write: true}
	f.created = &newFile{f: f, inside: inside}
	s.fresh, s.files[f] = f.created, true
	return f, nil
}

// parent returns the directory of a name, "" for the root.
func parent(inside string) string {
	dir := path.Dir(inside)
	if dir == "." {
		return ""
	}
	return dir
}

// settle brings the file that was created last into the transaction.
func (s *Session) settle() error {
	n := s.fresh
	if n == nil {
		return nil
	}
	s.fresh = nil
	err := s.tx.Create(n.inside, n.data, s.security(n.sd))
	clear(n.data)
	if err != nil {
		n.f.created, n.f.lost = nil, true
		return fileError(imagefs.OpCreate, n.f.path, err)
	}
	opened, err := s.reopen(n.inside, n.inside, imagefs.OpChange)
	if err != nil {
		return err
	}
	delete(s.files, opened)
	n.f.in, n.f.reference, n.f.created = opened.in, opened.reference, nil
	return nil
}

// secretModel is a file that only SYSTEM and Administrators may read, on every Windows (observed).
const secretModel = windowsFolder + "/System32/config/SAM"

// security returns how a new file gets a descriptor: by a number that the volume has already where its model has the same
// one, else in its own record. Without one it is as closed as the hive of the accounts, and never open to everyone.
func (s *Session) security(sd []byte) ntfs.CreateOptions {
	o := ntfs.CreateOptions{Secret: true}
	model, err := s.tx.SecurityDescriptor(secretModel)
	if err == nil && (sd == nil || bytes.Equal(model, sd)) {
		o.Like = secretModel
		return o
	}
	if o.Descriptor = sd; sd == nil {
		o.Like = systemHive
	}
	return o
}

// Security implements imagefs.Secured.
func (s *Session) Security(name string) (sd []byte, ok bool, err error) {
	if n := s.freshAt(name); n != nil {
		return n.sd, n.sd != nil, nil
	}
	inside, err := s.enter(name, imagefs.OpReadSecurity)
	defer s.mu.Unlock()
	if err != nil {
		return nil, false, err
	}
	sd, err = s.source().SecurityDescriptor(inside)
	return sd, err == nil, fileError(imagefs.OpReadSecurity, s.Path(name), err)
}

// SetSecurity implements imagefs.Secured for the file that was created last, until it is synced or closed or the session is asked
// for another file; for every other file applied is false and nothing changes. Nobody needs more: what holds a secret is always
// made anew (program, answer file, first log), hives and folders keep the descriptor that Windows gave them, and a descriptor of
// a file that stands would be a change of its record and of $SDS that the planner of package ntfs does not have. A caller that
// gets false reports it, as for a mounted tree whose driver drops descriptors.
func (s *Session) SetSecurity(name string, sd []byte) (applied bool, err error) {
	n := s.freshAt(name)
	if n == nil {
		return false, nil
	}
	n.sd = bytes.Clone(sd)
	return true, nil
}

// freshAt returns the file that is being created when it has that name.
func (s *Session) freshAt(name string) *newFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh == nil || !imagefs.SameName(s.fresh.inside, name) {
		return nil
	}
	return s.fresh
}

func (n *newFile) readAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(n.data)) {
		return 0, io.EOF
	}
	c := copy(p, n.data[off:])
	if c < len(p) {
		return c, io.EOF
	}
	return c, nil
}

func (n *newFile) writeAt(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end > int64(len(n.data)) {
		if err := n.truncate(end); err != nil {
			return 0, err
		}
	}
	return copy(n.data[off:], p), nil
}

func (n *newFile) truncate(size int64) error {
	if size < 0 || size > maxNew {
		return winerr.Errorf(winerr.DiskFull, "%s would have %d bytes, and a new file of a disk image can have %d MiB",
			n.f.path, size, maxNew>>20)
	}
	grown := make([]byte, size)
	copy(grown, n.data)
	clear(n.data)
	n.data = grown
	return nil
}
