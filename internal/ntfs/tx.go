package ntfs

import (
	"bytes"
	"fmt"
	"time"
)

// Options are what Begin needs to plan changes.
type Options struct {
	// Room reports whether a range of the volume can be overwritten without a change of the container that the volume is
	// in. Clusters there are taken first. Nil means everywhere.
	Room func(off, n int64) bool
	// RoomOnly means that no other clusters may be taken.
	RoomOnly bool
	// Now is the time that changed files get.
	Now time.Time
}

// Tx plans changes of a volume. Nothing is written: whatever was changed is kept in memory, can be read back through the Tx, and
// is handed out by Plan. An error of a change leaves the Tx as it may be in the middle of that change: drop it then. The
// refusals that concern names (fs.ErrExist, fs.ErrNotExist, InvalidName) come before anything is changed. It is not for
// concurrent use, and the volume must not change below it.
type Tx struct {
	reader
	options  Options
	view     *view
	epochs   []*epoch
	barriers int
	wipes    []stretch

	taken   map[int64]birth // clusters
	records map[uint64]bool // FILE records that were taken or freed
	born    map[uint64]int  // epochs in which records of new files were written
	search  int64           // cluster where the search for free ones goes on; -1 at first
	onDisk  *stream         // $Bitmap, as it was

	mirrorData *stream
	generation int // counts changes of FILE records
}

// Begin starts to plan changes. It returns a *Refused when the volume must not be changed.
func (v *Volume) Begin(o Options) (*Tx, error) {
	if v.unwritable != nil {
		return nil, v.unwritable
	}
	if o.Now.Year() < 1970 {
		return nil, fmt.Errorf("changing a volume needs the time, not %v", o.Now)
	}
	t := &Tx{
		reader: v.reader, options: o, epochs: []*epoch{new(epoch)},
		taken: map[int64]birth{}, records: map[uint64]bool{}, born: map[uint64]int{}, search: -1,
	}
	t.view = &view{base: v.dev, over: overlay{}, fills: overlay{}}
	t.dev = t.view
	var err error
	if t.onDisk, err = v.bitmap(); err != nil {
		return nil, err
	}
	t.mirrorData, err = v.mirror()
	return t, err
}

// putStream changes bytes of a stream where they are, in whole sectors read from the view. A hole is a *Refused.
func (t *Tx) putStream(s *stream, off int64, p []byte, stage Stage, secrecy Secrecy) error {
	return t.ranges(s, off, int64(len(p)), func(dev, at, n int64) error {
		if dev < 0 {
			return &Refused{Kind: Hole}
		}
		return t.putBytes(dev, p[at:at+n], stage, secrecy)
	})
}

// putBytes changes bytes of the volume, in whole sectors.
func (t *Tx) putBytes(dev int64, p []byte, stage Stage, secrecy Secrecy) error {
	from := dev / sectorSize * sectorSize
	to := (dev + int64(len(p)) + sectorSize - 1) / sectorSize * sectorSize
	if from == dev && to == dev+int64(len(p)) {
		t.put(from, p, stage, secrecy)
		return nil
	}
	secrecy &^= stale
	b := make([]byte, to-from)
	if err := readFull(t.view, b, from); err != nil {
		return err
	}
	copy(b[dev-from:], p)
	t.put(from, b, stage, secrecy)
	return nil
}

// writeRecord puts a FILE record into the view, and into $MFTMirr where that holds a copy of it. As long as no name leads to
// a new directory, what is put into it needs no later stage: so only the topmost of new directories is without a name for a while.
func (t *Tx) writeRecord(rec *record, stage Stage, secrecy Secrecy) error {
	if epoch, born := t.born[rec.number]; born && stage == StageIndex && epoch == len(t.epochs)-1 {
		stage = StageRecords
	}
	off := int64(rec.number) * t.recordSize
	before := make([]byte, t.recordSize)
	if err := t.readStream(t.mft, before, off); err != nil {
		return err
	}
	rec.clearSlack()
	b := bytes.Clone(rec.b)
	protect(b)
	if err := t.putStream(t.mft, off, b, stage, secrecy); err != nil {
		return err
	}
	t.generation++
	return t.writeMirror(off, before, b, stage, secrecy)
}

// writeMirror keeps the copy of a record. Past the first four it is only kept where it was one: Windows does not care for
// those, ntfs-3g does.
func (t *Tx) writeMirror(off int64, before, b []byte, stage Stage, secrecy Secrecy) error {
	if off+t.recordSize > min(t.mirrorData.size, t.mirrorData.initialized) {
		return nil
	}
	if off >= mirrored*t.recordSize {
		copied := make([]byte, t.recordSize)
		if err := t.readStream(t.mirrorData, copied, off); err != nil {
			return err
		}
		if !bytes.Equal(copied, before) {
			return nil
		}
	}
	return t.putStream(t.mirrorData, off, b, stage, secrecy)
}

// changeable refuses what no change of metadata is planned for: NTFS' own files, and attribute lists.
func (t *Tx) changeable(i *inode) error {
	if err := t.ordinary(i); err != nil {
		return err
	}
	if i.listed {
		return refuse(Fragmented, "attribute list")
	}
	return nil
}

// ordinary refuses NTFS' own files.
func (t *Tx) ordinary(i *inode) error {
	names, err := i.names()
	if err != nil {
		return err
	}
	if i.number < firstUser && i.number != recordRoot {
		return refuse(System, "record %d", i.number)
	}
	for _, n := range names {
		if n.parent()&referenceMask == recordExtend {
			return refuse(System, "in $Extend")
		}
	}
	return nil
}

// plainData returns the data of a file whose content can be changed: not compressed, encrypted or a reparse point, and
// with one name beside its DOS twin.
func (t *Tx) plainData(i *inode) (*stream, error) {
	if err := t.ordinary(i); err != nil {
		return nil, err
	}
	if i.directory() || i.has(typeReparsePoint) {
		return nil, &Refused{Kind: Reparse}
	}
	if err := checkLinks(i); err != nil {
		return nil, err
	}
	s, err := i.stream(typeData, "")
	if err != nil {
		return nil, err
	}
	if s == nil || !s.covered(t.cluster) {
		return nil, damaged("record %d has no data, or gaps in it", i.number)
	}
	var marked uint32 // in case the data do not show it
	if std := i.first(typeStandardInformation, ""); std != nil && len(std.value) >= 48 {
		marked = u32(std.value, 32)
	}
	switch flags := s.attr.flags; {
	case flags&attrCompressed != 0, marked&FileCompressed != 0 && s.attr.unit > 0:
		return nil, &Refused{Kind: Compressed}
	case flags&attrEncrypted != 0, marked&FileEncrypted != 0:
		return nil, &Refused{Kind: Encrypted}
	case marked&FileReparse != 0:
		return nil, &Refused{Kind: Reparse}
	}
	return s, nil
}

// checkLinks refuses a file with several names, unless they are a long name and its DOS twin in one directory.
func checkLinks(i *inode) error {
	names, err := i.names()
	if err != nil {
		return err
	}
	if len(names) == 0 || len(names) != int(u16(i.b, offLinks)) {
		return damaged("record %d has %d names and counts %d", i.number, len(names), u16(i.b, offLinks))
	}
	twins := len(names) == 2 && names[0].parent() == names[1].parent() &&
		names[0].space() != names[1].space() && names[0].space()|names[1].space() == spaceWin32|spaceDOS &&
		names[0].space() != spaceBoth && names[1].space() != spaceBoth
	if len(names) == 1 || twins {
		return nil
	}
	return refuse(Linked, "%d names", len(names))
}
