package diskimage

import (
	"io/fs"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
)

// Attributes implements imagefs.Attributed. A time that is beyond what people write is left out: the volume may be an enemy's.
func (s *Session) Attributes(name string) (imagefs.Attributes, error) {
	inside, err := s.enter(name, imagefs.OpRead)
	defer s.mu.Unlock()
	if err != nil {
		return imagefs.Attributes{}, err
	}
	info, err := s.source().Stat(inside)
	if err != nil {
		return imagefs.Attributes{}, fileError(imagefs.OpRead, s.Path(name), err)
	}
	if info.Directory || info.Attributes&ntfs.FileReparse != 0 {
		return imagefs.Attributes{}, imagefs.Irregular(s.Path(name), fs.ModeIrregular, "a regular file")
	}
	dos := info.Attributes & ntfs.SettableAttributes
	return imagefs.Attributes{
		DOS: &dos, ModTime: known(info.Modified), Created: known(info.Created), Accessed: known(info.Accessed),
	}, nil
}

// known returns a time that NTFS and people know, and the zero time for any other.
func known(t time.Time) time.Time {
	if !ntfs.Known(t) {
		return time.Time{}
	}
	return t
}

// SetAttributes implements imagefs.Attributed. What a mounted tree has told of a file is its mode, which NTFS does not have: then
// the attributes stay.
func (s *Session) SetAttributes(name string, a imagefs.Attributes) error {
	inside, err := s.enter(name, imagefs.OpChange)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	info, err := s.tx.Stat(inside)
	if err != nil {
		return fileError(imagefs.OpChange, s.Path(name), err)
	}
	dos := info.Attributes
	if a.DOS != nil {
		dos = *a.DOS
	}
	err = s.tx.SetStandard(inside, ntfs.Standard{
		Created: known(a.Created), Modified: known(a.ModTime), Accessed: known(a.Accessed), Attributes: dos & ntfs.SettableAttributes,
	})
	return fileError(imagefs.OpChange, s.Path(name), err)
}
