package answerfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// tempName is what a new answer file is called until it is whole: an 8.3 name, which the simplest file systems have,
// and none that Setup looks for.
const tempName = "odjxml.tmp"

// oldName is what a file that is being replaced is called as well, from before that until its bytes are overwritten: by it the
// next run finds them when this one is killed in between.
const oldName = "odjold.tmp"

// read returns a whole file, in memory of the caller; never nil.
func read(at location) ([]byte, error) {
	f, err := at.tree.Open(at.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, at.path())
}

func readOpen(f imagefs.File, path string) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > MaxSize {
		return nil, winerr.Errorf(winerr.InvalidParameter,
			"%s is larger than %d MiB: answer files have a few thousand bytes; use "+
				"another", path, MaxSize>>20)
	}
	content := make([]byte, size)
	n, err := f.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		clear(content)
		return nil, err
	}
	return content[:n], nil
}

// put makes content the file at a place. At every instant there is either the old file or the new one. The old one's
// bytes are overwritten afterwards; kept tells why they could not be, "" when they were.
func (l location) put(content, security []byte) (kept string, secured bool, err error) {
	temp := l.beside(tempName)
	if err := l.dropLeft(); err != nil {
		return "", false, err
	}
	if secured, err = l.writeTemp(temp, content, security); err != nil {
		return "", false, errors.Join(err, scrubAway(l.tree, temp))
	}
	kept, err = l.replace(func() error { return l.tree.Rename(temp, path.Base(l.file)) })
	if err != nil {
		return "", false, errors.Join(err, scrubAway(l.tree, temp))
	}
	return kept, secured, l.verify(content)
}

// remove removes the file and overwrites its bytes; kept is as of put. The file gets the temporary name first, by which the
// next run finds it and goes on when this one is killed before the bytes are overwritten.
func (l location) remove() (kept string, err error) {
	if err := l.dropLeft(); err != nil {
		return "", err
	}
	if l.shared() {
		return l.staysElsewhere(), l.durably(func() error { return l.tree.Remove(l.file) })
	}
	if erasesRemoved(l.tree) {
		return "", l.durably(func() error { return l.tree.Remove(l.file) })
	}
	if err := l.durably(func() error { return l.tree.Rename(l.file, tempName) }); err != nil {
		return "", err
	}
	return l.erase(l.beside(tempName))
}

// erase overwrites and removes what was the file under another name; kept is as of put.
func (l location) erase(name string) (kept string, err error) {
	f, err := openToGo(l.tree, name)
	if err != nil || errors.Join(scrub(f), f.Close()) != nil {
		kept = l.notOverwritten()
	}
	return kept, l.durably(func() error { return l.tree.Remove(name) })
}

// dropLeft overwrites and removes what a run that was killed has left beside the file. The old name may still be one of the
// file itself: then only the name goes.
func (l location) dropLeft() error {
	if err := scrubAway(l.tree, l.beside(tempName)); err != nil {
		return err
	}
	left := l
	left.file = l.beside(oldName)
	old, err := read(left)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer clear(old)
	now, err := read(l)
	defer clear(now)
	switch {
	case err == nil && bytes.Equal(now, old):
		return l.durably(func() error { return l.tree.Remove(left.file) })
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return scrubAway(l.tree, left.file)
	}
	return err
}

// shared reports whether the file has another name (a hard link), under which its bytes are somebody else's: they stay as they are.
func (l location) shared() bool {
	info, err := l.tree.Stat(l.file)
	return err == nil && info.Links > 1
}

// CheckAlone refuses a file that has other names (2711, docs/internals/disk.md §3). A place without a file is fine.
func (p *Place) CheckAlone() error {
	if !p.Exists() {
		return nil
	}
	info, err := p.at.tree.Stat(p.at.file)
	if err == nil && info.Links > 1 {
		err = imagefs.SeveralNames(p.Path, info.Links)
	}
	return err
}

// staysElsewhere is what people are told of the bytes of such a file.
func (l location) staysElsewhere() string {
	return "the old content of " + l.path() + " stays under the other name that the file had (a hard link)"
}

// notOverwritten is what people are told of bytes that could not be overwritten.
func (l location) notOverwritten() string {
	return "the old content of " + l.path() + " could not be overwritten, and may be found on the disk by " +
		"who searches its free space"
}

// replace makes a change that takes the file's name away, and then overwrites the bytes that it had. What fails after
// the change takes nothing of it back, so it is only told.
func (l location) replace(change func() error) (kept string, err error) {
	if l.shared() {
		return l.staysElsewhere(), l.durably(change)
	}
	if l.nameTwice() {
		if err := l.durably(change); err != nil {
			return "", errors.Join(err, l.dropLeft())
		}
		return l.erase(l.beside(oldName))
	}
	return l.replaceOpen(change)
}

// nameTwice gives the file its second name, and reports whether it has it. Where a file system has no such names, or does not
// count them, the bytes are without a name for the moment between replacing and overwriting.
func (l location) nameTwice() bool {
	linked, ok := l.tree.(imagefs.Linked)
	if !ok || linked.Link(l.file, oldName) != nil {
		return false
	}
	old := l.beside(oldName)
	info, err := l.tree.Stat(old)
	if err == nil && info.Links > 1 && l.tree.SyncDir(path.Dir(l.file)) == nil {
		return true
	}
	_ = l.tree.Remove(old) // one of two names; what is left of it is dropped by the next run
	return false
}

// replaceOpen is replace for a file with one name, which is kept open to overwrite it.
func (l location) replaceOpen(change func() error) (kept string, err error) {
	old, err := l.tree.OpenWrite(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", l.durably(change)
	}
	if err != nil {
		return "", err
	}
	kept = l.notOverwritten()
	if err := change(); err != nil {
		// Not every file system lets go of a file that is open: NTFS does since Windows 10 (inferred), FAT does not.
		old.Close()
		return kept, l.durably(change)
	}
	defer old.Close() // what matters was synced
	if err := l.tree.SyncDir(path.Dir(l.file)); err != nil {
		return "", err
	}
	if scrub(old) != nil {
		return kept, nil
	}
	return "", nil
}

// durably makes a change of names in the file's folder, and makes it last.
func (l location) durably(change func() error) error {
	if err := change(); err != nil {
		return err
	}
	return l.tree.SyncDir(path.Dir(l.file))
}

// writeTemp writes the new file beside the old one.
func (l location) writeTemp(temp string, content, security []byte) (secured bool, err error) {
	f, err := l.tree.Create(temp)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if len(security) > 0 { // before there is anything to read in it
		if secured, err = imagefs.SetSecurity(l.tree, temp, security); err != nil {
			return false, err
		}
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return false, err
	}
	return secured, f.Sync()
}

func (l location) verify(content []byte) error {
	got, err := read(l)
	if err != nil {
		return err
	}
	defer clear(got)
	if !bytes.Equal(got, content) {
		return winerr.Errorf(winerr.CantCreateJoinInfo,
			"%s does not hold what was written to it: check the disk, and stage again",
			l.path())
	}
	return nil
}

// maxScrub bounds, in bytes, what is overwritten of a file: no answer file of ours is as large, and a file that an enemy gave the
// name of one that we left may have no end.
const maxScrub = 4 * MaxSize

// scrub overwrites an open file with zeros.
func scrub(f imagefs.File) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	size = min(size, maxScrub)
	const chunk = 64 << 10
	zeros := make([]byte, chunk)
	for at := int64(0); at < size; at += chunk {
		if _, err := f.WriteAt(zeros[:min(chunk, size-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}

// erasesRemoved reports whether a tree zeroes what it removes by itself, as the last thing of a change. Overwriting it before would
// put the bytes into the journal of that change.
func erasesRemoved(tree imagefs.Volume) bool {
	_, ok := tree.(imagefs.Deferred)
	return ok
}

// scrubAway overwrites and removes a file that nobody reads, if it is there. One of ours has a single name: what has another is
// somebody else's file, of which only this name goes.
func scrubAway(tree imagefs.Volume, name string) error {
	info, err := tree.Stat(name)
	if err == nil && info.Links > 1 || erasesRemoved(tree) {
		if err := tree.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	f, err := openToGo(tree, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(scrub(f), f.Close(), tree.Remove(name))
}

// openToGo opens a file to overwrite it before it goes, also one that its owner may only read.
func openToGo(tree imagefs.Volume, name string) (imagefs.File, error) {
	f, err := tree.OpenWrite(name)
	if a, ok := tree.(imagefs.Attributed); ok && errors.Is(err, fs.ErrPermission) {
		const onlyOwner = 0o600
		if a.SetAttributes(name, imagefs.Attributes{Mode: onlyOwner}) == nil {
			return tree.OpenWrite(name)
		}
	}
	return f, err
}
