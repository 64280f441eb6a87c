package ntfs

import "slices"

// Numbers of FILE records that NTFS reserves.
const (
	recordMFT     = 0
	recordMirror  = 1
	recordLogFile = 2
	recordVolume  = 3
	recordRoot    = 5
	recordBitmap  = 6
	recordSecure  = 9
	recordUpCase  = 10
	recordExtend  = 11
	firstUser     = 24 // records below are NTFS' own, or kept by it
)

// Offsets in a FILE record.
const (
	offUSA         = 4 // offset and count of the update sequence
	offLSN         = 8
	offSequence    = 16
	offLinks       = 18
	offAttributes  = 20
	offFlags       = 22
	offUsed        = 24
	offAllocated   = 28
	offBase        = 32
	offNextID      = 40
	offNumber      = 44
	flagInUse      = 1
	flagDirectory  = 2
	referenceMask  = 1<<48 - 1
	endOfAttrs     = 0xffffffff
	minAttrsOffset = 42
)

// record is one FILE record, with the ends of its sectors put back (see unprotect).
type record struct {
	number uint64
	b      []byte
}

func (r *record) sequence() uint16  { return u16(r.b, offSequence) }
func (r *record) inUse() bool       { return u16(r.b, offFlags)&flagInUse != 0 }
func (r *record) directory() bool   { return u16(r.b, offFlags)&flagDirectory != 0 }
func (r *record) base() uint64      { return u64(r.b, offBase) }
func (r *record) used() int         { return int(u32(r.b, offUsed)) }
func (r *record) reference() uint64 { return r.number | uint64(r.sequence())<<48 }
func (r *record) clone() *record    { return &record{r.number, slices.Clone(r.b)} }

// unprotect checks a multi-sector structure (FILE, INDX, RSTR) and puts back the last two bytes of each 512-byte stretch, which
// on disk hold the update sequence number: a write that was torn shows there. The sequence array may not lie in
// bytes that it replaces.
func unprotect(b []byte, magic string) error {
	if string(b[:4]) != magic {
		return damaged("no %s structure", magic)
	}
	at, count := int(u16(b, offUSA)), int(u16(b, offUSA+2))
	if at%2 != 0 || at < 30 || count != len(b)/sectorSize+1 || at+2*count > sectorSize-2 {
		return damaged("%s structure: update sequence %d at %d", magic, count, at)
	}
	number := u16(b, at)
	for i := 1; i < count; i++ {
		end := i*sectorSize - 2
		if u16(b, end) != number {
			return damaged("%s structure is torn: sector %d of %d", magic, i, count-1)
		}
		put16(b, end, u16(b, at+2*i))
	}
	return nil
}

// protect is the mirror of unprotect and counts the update sequence number on. The structure must have passed unprotect, or
// have been made with a sequence array.
func protect(b []byte) {
	at, count := int(u16(b, offUSA)), int(u16(b, offUSA+2))
	number := u16(b, at) + 1
	if number == 0 || number == 0xffff {
		number = 1
	}
	put16(b, at, number)
	for i := 1; i < count; i++ {
		end := i*sectorSize - 2
		put16(b, at+2*i, u16(b, end))
		put16(b, end, number)
	}
}

// parseRecord checks the header of a FILE record as it is on disk, in place.
func parseRecord(number uint64, b []byte) (*record, error) {
	if err := unprotect(b, "FILE"); err != nil {
		return nil, inRecord(number, err)
	}
	r := &record{number, b}
	attrs, used := int(u16(b, offAttributes)), int64(u32(b, offUsed))
	usa := int(u16(b, offUSA))
	switch {
	case int64(u32(b, offAllocated)) != int64(len(b)),
		used > int64(len(b)), used%8 != 0,
		attrs%8 != 0, attrs < minAttrsOffset, int64(attrs)+8 > used,
		attrs < usa+2*int(u16(b, offUSA+2)):
		return nil, damaged("record %d: header", number)
	case usa >= 0x30 && uint64(u32(b, offNumber)) != number&0xffffffff: // older records have no number
		return nil, damaged("record %d has the number %d", number, u32(b, offNumber))
	}
	return r, nil
}

func inRecord(number uint64, err error) error {
	if r, ok := err.(*Refused); ok && r.Kind == Damaged { // made in this package, not wrapped
		return damaged("record %d: %s", number, r.Detail)
	}
	return err
}

// splice replaces the bytes of the record from off to off+old by insert, moves what follows and clears what is left over. It
// reports false, and changes nothing, when the record has no room.
func (r *record) splice(off, old int, insert []byte) bool {
	used := r.used()
	grown := used - old + len(insert)
	if grown > len(r.b) {
		return false
	}
	tail := slices.Clone(r.b[off+old : used])
	copy(r.b[off:], insert)
	copy(r.b[off+len(insert):], tail)
	if grown < used {
		clear(r.b[grown:used])
	}
	put32(r.b, offUsed, uint32(grown))
	return true
}

// clearSlack zeroes what is behind the used part: what was once an attribute is gone.
func (r *record) clearSlack() { clear(r.b[r.used():]) }
