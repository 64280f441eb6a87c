package diskimage

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
)

// source is what a session reads: the volume, or the transaction with the changes made so far.
type source interface {
	Stat(path string) (ntfs.Info, error)
	ReadDir(path string) ([]ntfs.DirEntry, error)
	SecurityDescriptor(path string) ([]byte, error)
	Open(path string) (*ntfs.File, error)
}

func (s *Session) source() source {
	if s.tx != nil {
		return s.tx
	}
	return s.volume
}

// enter checks a name, takes the lock and brings a file that was just created into the transaction. The caller unlocks,
// also after an error.
func (s *Session) enter(name string, o imagefs.Op) (inside string, err error) {
	s.mu.Lock()
	parts, err := imagefs.Components(name)
	if err != nil {
		return "", err
	}
	if o == imagefs.OpChange || o == imagefs.OpCreate || o == imagefs.OpRemove {
		if s.tx == nil {
			return "", imagefs.Wrap(o, s.Path(name), imagefs.ErrReadOnly)
		}
		s.prepared.wipe()
		s.prepared = nil
	}
	return path.Join(parts...), s.settle()
}

// Path implements imagefs.Volume.
func (s *Session) Path(name string) string {
	if name == "." {
		name = ""
	}
	return s.String() + `:\` + strings.ReplaceAll(name, "/", `\`)
}

// Open implements imagefs.Volume.
func (s *Session) Open(name string) (imagefs.File, error) {
	return s.openFile(name, imagefs.OpOpen)
}

// OpenWrite implements imagefs.Volume.
func (s *Session) OpenWrite(name string) (imagefs.File, error) {
	return s.openFile(name, imagefs.OpChange)
}

func (s *Session) openFile(name string, o imagefs.Op) (imagefs.File, error) {
	inside, err := s.enter(name, o)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.reopen(inside, name, o)
}

// reopen opens a file of the volume.
func (s *Session) reopen(inside, name string, o imagefs.Op) (*file, error) {
	info, err := s.source().Stat(inside)
	if err == nil && info.Directory {
		return nil, imagefs.Irregular(s.Path(name), fs.ModeDir, "a regular file")
	}
	var in *ntfs.File
	if err == nil {
		in, err = s.source().Open(inside)
	}
	if err != nil {
		return nil, fileError(o, s.Path(name), err)
	}
	f := &file{s: s, in: in, path: s.Path(name), reference: info.Reference, write: o == imagefs.OpChange}
	s.files[f] = true
	return f, nil
}

// Stat implements imagefs.Volume.
func (s *Session) Stat(name string) (imagefs.Info, error) {
	inside, err := s.enter(name, imagefs.OpOpen)
	defer s.mu.Unlock()
	if err != nil {
		return imagefs.Info{}, err
	}
	info, err := s.source().Stat(inside)
	if err != nil {
		return imagefs.Info{}, fileError(imagefs.OpOpen, s.Path(name), err)
	}
	if isLink(info.Attributes, info.ReparseTag) {
		return imagefs.Info{}, imagefs.Irregular(s.Path(name), fs.ModeIrregular, "a regular file or directory")
	}
	return publicInfo(info), nil
}

// isLink reports a reparse point that leads elsewhere. What Windows has compressed (WOF) or deduplicated is still the file
// itself ([MS-FSCC] 2.1.2.1: name surrogates have bit 29 of the tag).
func isLink(attributes, tag uint32) bool {
	const surrogate = 0x20000000
	return attributes&ntfs.FileReparse != 0 && tag&surrogate != 0
}

func publicInfo(i ntfs.Info) imagefs.Info {
	info := imagefs.Info{Name: i.Name, Size: i.Size, IsDir: i.Directory, Links: i.Links}
	if i.Directory {
		info.Size = 0
	}
	return info
}

// ReadDir implements imagefs.Volume.
func (s *Session) ReadDir(name string) ([]fs.DirEntry, error) {
	inside, err := s.enter(name, imagefs.OpRead)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	found, err := s.source().ReadDir(inside)
	if err != nil {
		return nil, fileError(imagefs.OpRead, s.Path(name), err)
	}
	entries := make([]fs.DirEntry, len(found))
	for i, e := range found {
		entries[i] = entry{e}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Remove implements imagefs.Volume. What was in the file is zeroed with the change.
func (s *Session) Remove(name string) error {
	inside, err := s.enter(name, imagefs.OpRemove)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	info, err := s.tx.Stat(inside)
	if err == nil && info.Directory {
		return imagefs.Irregular(s.Path(name), fs.ModeDir, "a regular file")
	}
	if err == nil {
		err = s.tx.Remove(inside, ntfs.RemoveOptions{Secret: true})
	}
	if err != nil {
		return fileError(imagefs.OpRemove, s.Path(name), err)
	}
	s.gone(info.Reference)
	return nil
}

// gone notes that the clusters of open files are free, and get zeroed anyway.
func (s *Session) gone(reference uint64) {
	for f := range s.files {
		if f.reference == reference {
			f.in, f.lost = nil, true
		}
	}
}

// Mkdir implements imagefs.Volume. The directory gets the security of the one above it.
func (s *Session) Mkdir(name string) error {
	inside, err := s.enter(name, imagefs.OpCreate)
	defer s.mu.Unlock()
	if err == nil {
		err = s.tx.Mkdir(inside, ntfs.CreateOptions{})
	}
	return fileError(imagefs.OpCreate, s.Path(name), err)
}

// RemoveDir implements imagefs.Volume. What was in the directory is gone from the disk before it goes: never do two things at once
// have no name.
func (s *Session) RemoveDir(name string) error {
	inside, err := s.enter(name, imagefs.OpRemove)
	defer s.mu.Unlock()
	if err == nil {
		s.tx.Barrier()
		err = s.tx.RemoveDir(inside)
	}
	return fileError(imagefs.OpRemove, s.Path(name), err)
}

// Rename implements imagefs.Volume.
func (s *Session) Rename(name, as string) error {
	if err := imagefs.Component(as); err != nil {
		return err
	}
	inside, err := s.enter(name, imagefs.OpChange)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	err = s.rename(inside, path.Join(path.Dir(inside), as), as)
	return fileError(imagefs.OpChange, s.Path(name), err)
}

// rename takes a regular file of the new name away.
func (s *Session) rename(from, to, as string) error {
	moved, err := s.tx.Stat(from)
	if err != nil {
		return err
	}
	there, err := s.tx.Stat(to)
	switch {
	case err != nil && !isNotExist(err):
		return err
	case err == nil && there.Reference != moved.Reference:
		if there.Directory {
			return imagefs.Irregular(s.Path(to), fs.ModeDir, "a regular file")
		}
		if err := s.tx.RenameOver(from, as, ntfs.RemoveOptions{Secret: true}); err != nil {
			return fileError(imagefs.OpChange, s.Path(to), err) // it is what is in the way
		}
		s.gone(there.Reference)
		return nil
	}
	return s.tx.Rename(from, as)
}

// SyncDir implements imagefs.Volume. The order of a transaction keeps names and files together.
func (s *Session) SyncDir(name string) error {
	_, err := s.enter(name, imagefs.OpChange)
	s.mu.Unlock()
	return err
}

// entry is a name in a directory.
type entry struct{ ntfs.DirEntry }

// Name implements fs.DirEntry.
func (e entry) Name() string { return e.DirEntry.Name }

// IsDir implements fs.DirEntry.
func (e entry) IsDir() bool { return e.Type().IsDir() }

// Type implements fs.DirEntry. The tag of a reparse point is not in its directory: one on a file may be the file itself.
func (e entry) Type() fs.FileMode {
	switch {
	case e.Directory && e.Attributes&ntfs.FileReparse != 0:
		return fs.ModeIrregular
	case e.Directory:
		return fs.ModeDir
	}
	return 0
}

// Info implements fs.DirEntry. Nobody asks for more than a name and its type.
func (e entry) Info() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
