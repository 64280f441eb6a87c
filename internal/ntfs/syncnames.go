package ntfs

import "slices"

// Directories keep a copy of a file's times, sizes and attributes beside its name. Windows lets them get out of date; here they
// are written with the change.

// touch sets the times of a directory whose names changed, and their copies in its own parent.
func (t *Tx) touch(reference uint64, stage Stage) error {
	i, err := t.referenced(reference)
	if err != nil {
		return err
	}
	if err := t.setTimes(i, 0); err != nil {
		return err
	}
	if err := t.writeRecord(i.record, stage, 0); err != nil {
		return err
	}
	return t.syncNames(i, stage)
}

// setTimes sets in $STANDARD_INFORMATION, in place, when the content and the record changed, and adds file attributes.
func (t *Tx) setTimes(i *inode, flags uint32) error {
	std := i.first(typeStandardInformation, "")
	if std == nil || len(std.value) < 48 || std.in != i.record {
		return damaged("record %d has no standard information", i.number)
	}
	now := ticks(t.options.Now)
	put64(std.value, 8, now)
	put64(std.value, 16, now)
	put32(std.value, 32, u32(std.value, 32)|flags)
	return nil
}

// syncNames copies times, sizes and attributes of a file into its entries in directories.
func (t *Tx) syncNames(i *inode, stage Stage) error {
	names, err := i.names()
	if err != nil {
		return err
	}
	std := i.first(typeStandardInformation, "")
	if std == nil || len(std.value) < 48 {
		return damaged("record %d has no standard information", i.number)
	}
	for _, f := range names {
		if err := t.syncName(i, f, std.value, stage); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) syncName(i *inode, f fileName, std []byte, stage Stage) error {
	dir, err := t.referenced(f.parent())
	if err != nil {
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
	key := fileName(last.node.entries[last.at].key())
	before := slices.Clone(key)
	copy(key[8:40], std[:32])
	put32(key, 56, u32(std, 32)&0xffff|u32(key, 56)&^0xffff)
	if !i.directory() {
		s, err := i.stream(typeData, "")
		if err != nil {
			return err
		}
		if s != nil {
			put64(key, 40, uint64(s.onDisk()))
			put64(key, 48, uint64(s.size))
		}
	}
	if slices.Equal(before, key) {
		return nil
	}
	x.mark(last.node)
	return x.flush()
}

// onDisk returns the allocated size as directories keep it.
func (s *stream) onDisk() int64 {
	switch {
	case s.attr.resident:
		return int64(align8(int(s.size)))
	case s.attr.unit > 0:
		return s.attr.stored
	}
	return s.allocated
}
