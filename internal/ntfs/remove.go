package ntfs

import (
	"fmt"
	"io/fs"
)

// RemoveOptions say how a file goes.
type RemoveOptions struct {
	// Secret means that what the file held is secret: the FILE record, which may hold it, is then marked OldSecret.
	Secret bool
}

// Remove takes a file away: its name, with the DOS twin, then its record, then its clusters, which are zeroed at the end of the
// plan. It refuses files with more hard links, an attribute list, or something that other metadata refer to.
func (t *Tx) Remove(path string, o RemoveOptions) error {
	i, err := t.lookup(path)
	if err == nil && i.directory() {
		err = fs.ErrInvalid
	}
	if err == nil {
		err = t.remove(i, o)
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

// RemoveDir takes an empty directory away. One that is not empty is refused with an error that wraps fs.ErrExist.
func (t *Tx) RemoveDir(path string) error {
	i, err := t.lookup(path)
	if err == nil {
		err = t.checkEmpty(i)
	}
	if err == nil {
		err = t.remove(i, RemoveOptions{})
	}
	if err != nil {
		return fmt.Errorf("removing the directory %s: %w", path, err)
	}
	return nil
}

func (t *Tx) checkEmpty(i *inode) error {
	if !i.directory() {
		return fs.ErrInvalid
	}
	if i.number < firstUser {
		return refuse(System, "record %d", i.number)
	}
	x, err := t.index(i, fileIndex, typeFileName, collateFileName)
	if err != nil {
		return err
	}
	return x.walk(func(entry) error { return fmt.Errorf("it is not empty: %w", fs.ErrExist) })
}

func (t *Tx) remove(i *inode, o RemoveOptions) error {
	if err := t.removable(i); err != nil {
		return err
	}
	names, err := i.names()
	if err != nil {
		return err
	}
	if err := t.unlinkAll(i, StageUnlink); err != nil {
		return err
	}
	if err := t.touch(names[0].parent(), StageUnlink); err != nil {
		return err
	}
	return t.drop(i, o)
}

// drop makes the record and the clusters of a file free that has no name any more.
func (t *Tx) drop(i *inode, o RemoveOptions) error {
	if err := t.release(i, o); err != nil {
		return err
	}
	for _, a := range i.attrs {
		if err := t.free(a.runs); err != nil {
			return err
		}
	}
	return nil
}

// removable refuses files whose going would leave something behind that refers to them.
func (t *Tx) removable(i *inode) error {
	if err := t.changeable(i); err != nil {
		return err
	}
	if err := checkLinks(i); err != nil {
		return err
	}
	for _, typ := range []uint32{typeObjectID, typeReparsePoint, typeLoggedStream} {
		if i.has(typ) {
			return refuse(Referenced, "attribute %#x", typ)
		}
	}
	return nil
}

// unlinkAll takes all names of a file out of its directory.
func (t *Tx) unlinkAll(i *inode, stage Stage) error {
	names, err := i.names()
	if err != nil {
		return err
	}
	for _, f := range names {
		if err := t.unlink(i, f, stage); err != nil {
			return err
		}
	}
	return nil
}

// unlink takes one name out of its directory.
func (t *Tx) unlink(i *inode, f fileName, stage Stage) error {
	dir, err := t.referenced(f.parent())
	if err != nil {
		return err
	}
	if err := t.checkDirectory(dir); err != nil {
		return err
	}
	x, err := t.tree(dir, stage)
	if err != nil {
		return err
	}
	path, found, err := x.find(t.byName(f.units()))
	if err != nil {
		return err
	}
	last := path[len(path)-1]
	if !found || last.node.entries[last.at].reference() != i.reference() {
		return damaged("record %d: directory %d does not have the name %q", i.number, dir.number, f.String())
	}
	if err := x.remove(path); err != nil {
		return err
	}
	return x.flush()
}

// release makes the record of a file free. What the file held in it is zeroed.
func (t *Tx) release(i *inode, o RemoveOptions) error {
	rec := i.clone()
	for _, a := range i.attrs {
		if a.resident && (a.typ == typeData || a.typ == typeEA) {
			at := a.off + int(u16(i.b, a.off+20))
			clear(rec.b[at : at+len(a.value)])
		}
	}
	sequence := i.sequence() + 1
	if sequence == 0 {
		sequence = 1
	}
	put16(rec.b, offSequence, sequence)
	put16(rec.b, offLinks, 0)
	put16(rec.b, offFlags, u16(rec.b, offFlags)&^flagInUse)
	var secrecy Secrecy
	if o.Secret {
		secrecy = OldSecret
	}
	if err := t.writeRecord(rec, StageRelease, secrecy); err != nil {
		return err
	}
	bits, err := t.recordBitmap()
	if err != nil {
		return err
	}
	t.records[i.number] = true
	return t.setBits(bits, int64(i.number), 1, false)
}
