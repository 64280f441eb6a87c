package ntfs

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

// Attribute types.
const (
	typeStandardInformation = 0x10
	typeAttributeList       = 0x20
	typeFileName            = 0x30
	typeObjectID            = 0x40
	typeSecurityDescriptor  = 0x50
	typeVolumeName          = 0x60
	typeVolumeInformation   = 0x70
	typeData                = 0x80
	typeIndexRoot           = 0x90
	typeIndexAllocation     = 0xa0
	typeBitmap              = 0xb0
	typeReparsePoint        = 0xc0
	typeEAInformation       = 0xd0
	typeEA                  = 0xe0
	typeLoggedStream        = 0x100
)

// Flags of an attribute.
const (
	attrCompressed = 0x00ff // a compression method
	attrEncrypted  = 0x4000
	attrSparse     = 0x8000
)

// fileIndex is the name of a directory's index.
const fileIndex = "$I30"

// attribute is one attribute as it stands in a record.
type attribute struct {
	in       *record // base or extension record
	off, len int     // place in the record
	typ      uint32
	id       uint16
	flags    uint16
	name     string
	resident bool
	value    []byte // of a resident one: part of the record

	// Of a nonresident one. Sizes are in the piece that begins at virtual cluster 0 only.
	lowest, highest                      int64
	allocated, size, initialized, stored int64
	unit                                 uint8 // power of two: clusters of a compression unit, 0 for none
	runs                                 []extent
}

// attributes returns the attributes that stand in this record, checked, in their order.
func (r *record) attributes(g *geometry) ([]*attribute, error) {
	var all []*attribute
	used := r.used()
	for off := int(u16(r.b, offAttributes)); ; {
		if off+8 > used {
			return nil, damaged("record %d: attributes without an end", r.number)
		}
		typ := u32(r.b, off)
		if typ == endOfAttrs {
			if off+8 != used {
				return nil, damaged("record %d: end marker at %d of %d", r.number, off, used)
			}
			return all, nil
		}
		a, err := r.attributeAt(off, used, g)
		if err != nil {
			return nil, inRecord(r.number, err)
		}
		if len(all) > 0 && typ < all[len(all)-1].typ {
			return nil, damaged("record %d: attributes out of order", r.number)
		}
		all = append(all, a)
		off += a.len
	}
}

func (r *record) attributeAt(off, used int, g *geometry) (*attribute, error) {
	length := int64(u32(r.b, off+4))
	if length < 24 || length%8 != 0 || length > int64(used-off) {
		return nil, damaged("attribute %#x: length %d", u32(r.b, off), length)
	}
	b := r.b[off : off+int(length)]
	a := &attribute{
		in: r, off: off, len: len(b), typ: u32(b, 0), id: u16(b, 14), flags: u16(b, 12), resident: b[8] == 0,
	}
	nameOff, nameLen := int(u16(b, 10)), int(b[9])
	if nameLen > 0 {
		if nameOff < 16 || nameOff+2*nameLen > len(b) {
			return nil, damaged("attribute %#x: name", a.typ)
		}
		a.name = decodeUTF16(b[nameOff : nameOff+2*nameLen])
	}
	if b[8] > 1 {
		return nil, damaged("attribute %#x: form %d", a.typ, b[8])
	}
	if a.resident {
		return a, a.parseResident(b)
	}
	return a, a.parseNonresident(b, g)
}

func (a *attribute) parseResident(b []byte) error {
	size, at := int64(u32(b, 16)), int64(u16(b, 20))
	if at < 24 && size > 0 || at+size > int64(len(b)) {
		return damaged("attribute %#x: value %d+%d of %d", a.typ, at, size, len(b))
	}
	if size > 0 {
		a.value = b[at : at+size : at+size]
	}
	a.size = size
	return nil
}

func (a *attribute) parseNonresident(b []byte, g *geometry) error {
	if len(b) < 64 {
		return damaged("attribute %#x: length %d", a.typ, len(b))
	}
	a.lowest, a.highest = i64(b, 16), i64(b, 24)
	at := int(u16(b, 32))
	a.unit = b[34]
	if at < 64 || at >= len(b) || a.lowest < 0 || a.lowest > 1<<48 || a.unit > 16 {
		return damaged("attribute %#x: header", a.typ)
	}
	runs, err := decodeRuns(b[at:], a.lowest, g.clusters)
	if err != nil {
		return err
	}
	end := a.lowest
	if len(runs) > 0 {
		end = runClusters(runs)
	}
	if end-1 != a.highest {
		return damaged("attribute %#x: runs end at %d, not %d", a.typ, end-1, a.highest)
	}
	a.runs = runs
	if a.lowest > 0 {
		return nil
	}
	a.allocated, a.size, a.initialized = i64(b, 40), i64(b, 48), i64(b, 56)
	if a.initialized < 0 || a.initialized > a.size || a.size > a.allocated || a.allocated%g.cluster != 0 {
		return damaged("attribute %#x: sizes %d, %d, %d", a.typ, a.allocated, a.size, a.initialized)
	}
	if a.unit > 0 && at >= 72 {
		a.stored = i64(b, 64)
	}
	return nil
}

// inode is a file or directory: its base record and all its attributes, wherever they stand.
type inode struct {
	*record
	attrs  []*attribute
	listed bool // by an attribute list: some may stand in extension records
}

// first returns the attribute, of a nonresident one the piece that begins at virtual cluster 0; nil when there is none.
func (i *inode) first(typ uint32, name string) *attribute {
	for _, a := range i.attrs {
		if a.typ == typ && a.name == name && a.lowest == 0 {
			return a
		}
	}
	return nil
}

func (i *inode) has(typ uint32) bool {
	return slices.ContainsFunc(i.attrs, func(a *attribute) bool { return a.typ == typ })
}

// stream is the content of an attribute, joined from all its pieces.
type stream struct {
	attr                         *attribute // the first piece
	value                        []byte     // of a resident one
	runs                         []extent
	allocated, size, initialized int64
}

// stream returns the content of an attribute. It returns nil, nil when the file has none of that type and name.
func (i *inode) stream(typ uint32, name string) (*stream, error) {
	var pieces []*attribute
	for _, a := range i.attrs {
		if a.typ == typ && a.name == name {
			pieces = append(pieces, a)
		}
	}
	if len(pieces) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(pieces, func(a, b *attribute) int { return cmp.Compare(a.lowest, b.lowest) })
	a := pieces[0]
	if a.resident {
		if len(pieces) > 1 {
			return nil, damaged("record %d: attribute %#x twice", i.number, typ)
		}
		return &stream{attr: a, value: a.value, size: a.size, initialized: a.size, allocated: a.size}, nil
	}
	s := &stream{attr: a, allocated: a.allocated, size: a.size, initialized: a.initialized}
	for _, p := range pieces {
		if p.resident || p.lowest != runClusters(s.runs) || len(s.runs)+len(p.runs) > maxExtents {
			return nil, damaged("record %d: attribute %#x has a gap", i.number, typ)
		}
		s.runs = append(s.runs, p.runs...)
	}
	return s, nil
}

// covered reports whether the runs reach as far as the stream is long.
func (s *stream) covered(cluster int64) bool {
	return s.attr.resident || s.allocated/cluster == runClusters(s.runs)
}

func decodeUTF16(b []byte) string {
	return string(utf16.Decode(units(b)))
}

func units(b []byte) []uint16 {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = u16(b, 2*i)
	}
	return u
}
