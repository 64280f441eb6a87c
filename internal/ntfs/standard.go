package ntfs

import (
	"fmt"
	"io/fs"
	"time"
)

// SettableAttributes are those that say nothing of how the content of a file is kept.
const SettableAttributes = FileReadOnly | FileHidden | FileSystem | FileArchive | FileNotIndexed

// Standard is what the record of a file says of it beside its content ($STANDARD_INFORMATION).
type Standard struct {
	Created, Modified, Accessed time.Time // a zero time stays as it is
	Attributes                  uint32    // those of SettableAttributes
}

// SetStandard gives a regular file other times and attributes, in its record and in the copies that directories keep. The time
// of the record's own last change is that of the transaction. It returns fs.ErrInvalid for a directory, for attributes that
// cannot be set, and for a time that NTFS does not know, and the refusals of a change of metadata.
func (t *Tx) SetStandard(path string, s Standard) error {
	if err := t.setStandard(path, s); err != nil {
		return fmt.Errorf("setting the times and attributes of %s: %w", path, err)
	}
	return nil
}

func (t *Tx) setStandard(path string, s Standard) error {
	t.forward()
	i, err := t.lookup(path)
	if err != nil {
		return err
	}
	if i.directory() || s.Attributes&^SettableAttributes != 0 {
		return fs.ErrInvalid
	}
	if i.has(typeReparsePoint) {
		return &Refused{Kind: Reparse}
	}
	if err := t.ordinary(i); err != nil {
		return err
	}
	std := i.first(typeStandardInformation, "")
	if std == nil || len(std.value) < 48 || std.in != i.record {
		return damaged("record %d has no standard information", i.number)
	}
	for _, one := range []struct {
		at   int
		time time.Time
	}{{0, s.Created}, {8, s.Modified}, {16, t.options.Now}, {24, s.Accessed}} {
		if one.time.IsZero() {
			continue
		}
		if !Known(one.time) {
			return fs.ErrInvalid
		}
		put64(std.value, one.at, ticks(one.time))
	}
	put32(std.value, 32, u32(std.value, 32)&^SettableAttributes|s.Attributes)
	if err := t.writeRecord(i.record, StageRecords, 0); err != nil {
		return err
	}
	return t.syncNames(i, StageIndex)
}

// Known reports whether NTFS has a number for a time, and people a year of four digits.
func Known(t time.Time) bool { return 1601 <= t.Year() && t.Year() <= 9999 }
