package ntfs

import "slices"

// Attributes and records are built here as bytes; attribute.go reads them.

// residentAttribute returns an attribute whose value stands in it.
func residentAttribute(typ uint32, name string, id uint16, indexed bool, value []byte) []byte {
	n := asciiUnits(name)
	at := align8(24 + len(n))
	b := make([]byte, align8(at+len(value)))
	attributeHeader(b, typ, id, 0, len(name), 24)
	put32(b, 16, uint32(len(value)))
	put16(b, 20, uint16(at))
	if indexed {
		b[22] = 1
	}
	copy(b[24:], n)
	copy(b[at:], value)
	return b
}

// nonresidentAttribute returns an attribute of one piece. Sizes are in bytes.
func nonresidentAttribute(typ uint32, name string, id, flags uint16, runs []extent, size, initialized, cluster int64) []byte {
	n := asciiUnits(name)
	at := align8(64 + len(n))
	pairs := encodeRuns(runs)
	b := make([]byte, align8(at+len(pairs)))
	attributeHeader(b, typ, id, flags, len(name), 64)
	b[8] = 1
	clusters := runClusters(runs)
	put64(b, 24, uint64(clusters-1))
	put16(b, 32, uint16(at))
	put64(b, 40, uint64(clusters*cluster))
	put64(b, 48, uint64(size))
	put64(b, 56, uint64(initialized))
	copy(b[64:], n)
	copy(b[at:], pairs)
	return b
}

func attributeHeader(b []byte, typ uint32, id, flags uint16, nameUnits, nameOff int) {
	put32(b, 0, typ)
	put32(b, 4, uint32(len(b)))
	b[9] = byte(nameUnits)
	put16(b, 10, uint16(nameOff))
	put16(b, 12, flags)
	put16(b, 14, id)
}

// asciiUnits returns the units of a name of NTFS' own, such as $I30.
func asciiUnits(s string) []byte {
	b := make([]byte, 2*len(s))
	for i := range s {
		b[2*i] = s[i]
	}
	return b
}

// rewriteRuns returns the attribute with other runs and sizes; all else in its header stays.
func rewriteRuns(a *attribute, runs []extent, size, initialized, cluster int64) []byte {
	old := a.in.b[a.off : a.off+a.len]
	at := int(u16(old, 32))
	pairs := encodeRuns(runs)
	b := slices.Concat(old[:at], pairs)
	b = append(b, make([]byte, align8(len(b))-len(b))...)
	put32(b, 4, uint32(len(b)))
	clusters := runClusters(runs)
	put64(b, 24, uint64(clusters-1))
	put64(b, 40, uint64(clusters*cluster))
	put64(b, 48, uint64(size))
	put64(b, 56, uint64(initialized))
	if a.unit > 0 && at >= 72 {
		put64(b, 64, uint64(clusters*cluster))
	}
	return b
}

// newRecord returns a FILE record with no attributes that takes the place of a free one: it keeps the sequence number, which
// was counted on when the record became free, and the update sequence number.
func newRecord(free *record, flags uint16) *record {
	size := len(free.b)
	count := size/sectorSize + 1
	b := make([]byte, size)
	copy(b, "FILE")
	const usa = 0x30
	put16(b, offUSA, usa)
	put16(b, offUSA+2, uint16(count))
	put16(b, usa, u16(free.b, int(u16(free.b, offUSA))))
	put16(b, offSequence, max(free.sequence(), 1))
	attrs := align8(usa + 2*count)
	put16(b, offAttributes, uint16(attrs))
	put16(b, offFlags, flags)
	put32(b, offUsed, uint32(attrs+8))
	put32(b, offAllocated, uint32(size))
	put32(b, offNumber, uint32(free.number))
	put32(b, attrs, endOfAttrs)
	return &record{free.number, b}
}

// nextID hands out the number of a new attribute.
func (r *record) nextID() uint16 {
	id := u16(r.b, offNextID)
	put16(r.b, offNextID, id+1)
	return id
}

// insert puts an attribute behind those of lower or equal type and name. It reports false when the record has no room.
func (r *record) insert(g *geometry, b []byte) (bool, error) {
	attrs, err := r.attributes(g)
	if err != nil {
		return false, err
	}
	at := int(u16(r.b, offAttributes))
	for _, a := range attrs {
		if a.typ > u32(b, 0) {
			break
		}
		at = a.off + a.len
	}
	return r.splice(at, 0, b), nil
}

// replace puts another attribute in the place of a. It reports false when the record has no room.
func (r *record) replace(a *attribute, b []byte) bool { return r.splice(a.off, a.len, b) }
