package ntfs

import (
	"errors"
	"fmt"
	"io/fs"
)

// Replace gives a file other content. Clusters are never overwritten: the new content goes to other ones, and the old ones are
// freed when nothing refers to them any more, and zeroed. Content in the FILE record stays there where it fits and the new
// one is not secret. Refusals are those of WriteAt, and Fragmented for a file with an attribute list.
func (t *Tx) Replace(path string, data []byte, s Secrecy) error {
	if err := t.replace(path, data, s); err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	return nil
}

func (t *Tx) replace(path string, data []byte, secrecy Secrecy) error {
	t.forward()
	i, err := t.lookup(path)
	if err != nil {
		return err
	}
	if i.directory() {
		return fs.ErrInvalid
	}
	old, err := t.resizable(i)
	if err != nil {
		return err
	}
	rec := i.clone()
	if !t.keepResident(rec, old, data, secrecy) {
		runs, err := t.fill(data, int64(len(data)), secrecy&NewSecret != 0)
		if err != nil {
			return err
		}
		size := int64(len(data))
		b := nonresidentAttribute(typeData, "", old.attr.id, 0, runs, size, size, t.cluster)
		if !rec.replace(old.attr, b) {
			return refuse(NoSpace, "%d pieces", len(runs))
		}
	}
	if err := t.writeRecord(rec, StageRecords, secrecy&OldSecret); err != nil {
		return err
	}
	if err := t.changed(i.reference()); err != nil {
		return err
	}
	return t.free(old.runs)
}

// keepResident puts data into the record, where no data are or those of the file are, and reports whether it did.
func (t *Tx) keepResident(rec *record, old *stream, data []byte, secrecy Secrecy) bool {
	if len(data) > 0 && (!old.attr.resident || secrecy&NewSecret != 0) || int64(len(data)) > t.recordSize {
		return false
	}
	return rec.replace(old.attr, residentAttribute(typeData, "", old.attr.id, false, data))
}

// Rename gives a file or directory another name in its directory; a DOS twin goes with the old name. It does not replace: a
// name that is there is an error that wraps fs.ErrExist, unless it is the same but for its case.
func (t *Tx) Rename(path, newName string) error {
	if err := t.rename(path, newName); err != nil {
		return fmt.Errorf("renaming %s to %s: %w", path, newName, err)
	}
	return nil
}

// RenameOver is Rename to a name that may be another file's, which goes as by Remove. At no end of a group is the name missing: it
// leads to the one file and then to the other. Refusals are those of both.
func (t *Tx) RenameOver(path, newName string, o RemoveOptions) error {
	if err := t.renameOver(path, newName, o); err != nil {
		return fmt.Errorf("renaming %s to %s: %w", path, newName, err)
	}
	return nil
}

func (t *Tx) renameOver(path, name string, o RemoveOptions) error {
	i, err := t.lookup(path)
	if err != nil {
		return err
	}
	dir, _ := splitParent(path)
	there, err := t.lookup(dir + "/" + name)
	if isNotExist(err) || err == nil && there.number == i.number {
		return t.rename(path, name)
	}
	if err != nil {
		return err
	}
	if there.directory() {
		return fs.ErrExist
	}
	if err := errors.Join(t.removable(there), t.renamable(i, name)); err != nil {
		return err
	}
	t.forward()
	if err := t.unlinkAll(there, StageIndex); err != nil {
		return err
	}
	if err := t.move(i, dir, name); err != nil {
		return err
	}
	return t.drop(there, o)
}

func (t *Tx) rename(path, name string) error {
	t.forward()
	i, err := t.lookup(path)
	if err != nil {
		return err
	}
	dir, _ := splitParent(path)
	if err := t.renamable(i, name); err != nil {
		return err
	}
	switch there, err := t.lookup(dir + "/" + name); {
	case err == nil && there.number != i.number:
		return fs.ErrExist
	case err != nil && !isNotExist(err):
		return err
	}
	return t.move(i, dir, name)
}

// move gives a file a name that is free in its directory.
func (t *Tx) move(i *inode, dir, name string) error {
	names, err := i.names()
	if err != nil {
		return err
	}
	if err := t.unlinkAll(i, StageIndex); err != nil {
		return err
	}
	p, err := t.freeName(dir + "/" + name)
	if err != nil {
		return err
	}
	copy(p.key[8:64], names[0][8:64])
	if err := t.renameRecord(i, p.key); err != nil {
		return err
	}
	if err := p.insert(i.reference()); err != nil {
		return err
	}
	if i, err = t.referenced(i.reference()); err != nil {
		return err
	}
	if err := t.syncNames(i, StageIndex); err != nil {
		return err
	}
	return t.touch(p.dir.reference(), StageIndex)
}

// renamable refuses before anything is changed.
func (t *Tx) renamable(i *inode, name string) error {
	if err := t.changeable(i); err != nil {
		return err
	}
	if i.number < firstUser {
		return refuse(System, "record %d", i.number)
	}
	if err := checkLinks(i); err != nil {
		return err
	}
	_, _, err := newName(name)
	return err
}

// renameRecord puts one $FILE_NAME in the place of those that the record has.
func (t *Tx) renameRecord(i *inode, key fileName) error {
	rec := i.clone()
	for range len(i.attrs) {
		attrs, err := rec.attributes(&t.geometry)
		if err != nil {
			return err
		}
		a := (&inode{record: rec, attrs: attrs}).first(typeFileName, "")
		if a == nil {
			break
		}
		rec.splice(a.off, a.len, nil)
	}
	ok, err := rec.insert(&t.geometry, residentAttribute(typeFileName, "", rec.nextID(), true, key))
	if err != nil {
		return err
	}
	if !ok {
		return refuse(Fragmented, "no room for this name in a record of %d bytes", t.recordSize)
	}
	put16(rec.b, offLinks, 1)
	return t.writeRecord(rec, StageIndex, 0)
}
