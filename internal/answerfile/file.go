package answerfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/target"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// tempName is what a new answer file is called until it is whole: an 8.3 name, which the simplest file systems have,
// and none that Setup looks for.
const tempName = "odjxml.tmp"

// read returns a whole file, in memory of the caller; never nil.
func read(tree target.FS, name string) ([]byte, error) {
	f, err := tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, tree.Path(name))
}

func readOpen(f target.File, path string) ([]byte, error) {
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
	temp := path.Join(path.Dir(l.name), tempName)
	if err := scrubAway(l.tree, temp); err != nil {
		return "", false, err // left by a run that was killed
	}
	if secured, err = l.writeTemp(temp, content, security); err != nil {
		return "", false, errors.Join(err, scrubAway(l.tree, temp))
	}
	old, err := l.tree.OpenWrite(l.name)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = nil, nil
	}
	if err != nil {
		return "", false, errors.Join(err, scrubAway(l.tree, temp))
	}
	if old != nil {
		defer old.Close() // what matters was synced
	}
	if err := l.tree.Rename(temp, path.Base(l.name)); err != nil {
		return "", false, errors.Join(err, scrubAway(l.tree, temp))
	}
	if err := l.tree.SyncDir(path.Dir(l.name)); err != nil {
		return "", secured, err
	}
	return l.scrubOld(old), secured, l.verify(content)
}

// writeTemp writes the new file beside the old one.
func (l location) writeTemp(temp string, content, security []byte) (secured bool, err error) {
	f, err := l.tree.Create(temp)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if len(security) > 0 { // before there is anything to read in it
		if secured, err = l.tree.SetSecurity(temp, security); err != nil {
			return false, err
		}
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return false, err
	}
	return secured, f.Sync()
}

func (l location) verify(content []byte) error {
	got, err := read(l.tree, l.name)
	if err != nil {
		return err
	}
	defer clear(got)
	if !bytes.Equal(got, content) {
		return winerr.Errorf(winerr.CantCreateJoinInfo,
			"%s does not hold what was written to it: check the disk, and stage again",
			l.tree.Path(l.name))
	}
	return nil
}

// remove removes the file and overwrites its bytes.
func (l location) remove() (kept string, err error) {
	old, err := l.tree.OpenWrite(l.name)
	if err != nil {
		return "", err
	}
	defer old.Close() // what matters was synced
	if err := l.tree.Remove(l.name); err != nil {
		return "", err
	}
	if err := l.tree.SyncDir(path.Dir(l.name)); err != nil {
		return "", err
	}
	return l.scrubOld(old), nil
}

// scrubOld overwrites a file that has lost its name. A failure changes nothing of what was wanted, so it is only told.
func (l location) scrubOld(old target.File) (kept string) {
	if old == nil {
		return ""
	}
	if err := scrub(old); err != nil {
		return "the old content of " + l.tree.Path(l.name) +
			" could not be overwritten, and may be found on the disk by who " +
			"searches its free space"
	}
	return ""
}

// scrub overwrites an open file with zeros.
func scrub(f target.File) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	const chunk = 64 << 10
	zeros := make([]byte, chunk)
	for at := int64(0); at < size; at += chunk {
		if _, err := f.WriteAt(zeros[:min(chunk, size-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}

// scrubAway overwrites and removes a file that nobody reads, if it is there.
func scrubAway(tree target.FS, name string) error {
	f, err := tree.OpenWrite(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(scrub(f), f.Close(), tree.Remove(name))
}
