package regf

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Verify refuses a hive that is damaged anywhere, with a [CorruptError]: one that [Check] finds more than oddities in. It
// is for those who are about to change a hive; a change by itself proves only what it touches.
//
// It costs little more than reading the file: a census ([census]) compares in one pass what the records of a sound hive
// refer to with what is there. Only a hive whose census does not come out even is walked by Check, which then decides. It
// reads the hive's state, pending log entries and edits included, and remembers nothing but the bins.
func (h *Hive) Verify() error {
	c := &census{h: h, entries: h.size / 8}
	switch even, err := c.take(); {
	case err != nil:
		return err
	case even:
		return nil
	}
	for _, p := range Check(h) {
		if !p.Oddity {
			return &CorruptError{Offset: p.Offset, Reason: p.Text}
		}
	}
	return nil
}

// Each relation between the records of a sound hive has two sides that are equal as sets, such as the subkeys that lists
// name and the keys that there are. A census adds up a digest of every member of one side and subtracts one of every
// member of the other. What is left is 0 when the sides are equal, and hardly ever else: no side needs to be kept.
//
// It never decides that a hive is damaged. A record is known by its signature here, and the data of a value may look like
// one; Windows itself leaks cells. An enemy who wants to can make a hive that is damaged and comes out even, which gives
// him nothing: what is changed is proven apart from this.
type census struct {
	h *Hive
	window
	strange bool // something is not as in a sound hive

	cells    uint64 // allocated cells, and what refers to them; no security records
	parents  uint64 // keys below each key, as it counts them and as they point back
	security uint64 // users of each security record, as it counts them and as keys name it
	ring     uint64 // security records by the link to the next, and by the link back
	// The hashes that lh leaves have of their keys, and those of all keys; hints, which lf leaves have, likewise.
	hashes, hints, allHashes, allHints uint64
	hashed, hinted, plain              bool // there is a leaf of that kind

	entries uint32   // how many values and segments may still be met: no more than the hive has room for
	far     []farRef // what lies outside the window
}

// farRef is a cell that was referred to when it was not in the window.
type farRef struct {
	cell, need uint32 // need is the bytes of payload that it must have
	list       bool   // it is a list of need/4 values
}

// maxFar bounds them (12 MiB). A real hive of 12 MB has a few thousand.
const maxFar = 1 << 20

// kind is what a cell is by its signature.
type kind uint64

const (
	kindOther kind = iota + 1 // data, a class name, a list of values or segments: without a signature
	kindKey
	kindValue
	kindSubkeys // lf, lh, li, ri
	kindBig     // db
)

// mix spreads the bits of a number, so that sums of different sets differ (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func pair(a, b uint32) uint64 { return mix(uint64(a)<<32 | uint64(b)) }

func (k kind) of(cell uint32) uint64 { return mix(uint64(k)<<40 | uint64(cell)) }

// take reads the hive. even is false when something in it is not as in most sound hives. Its error is one of reading, or
// that bins do not tile the hive or cells a bin.
func (c *census) take() (even bool, err error) {
	h := c.h
	root := h.base.u32(baseRootCell)
	c.cells -= kindKey.of(root)
	var bins []bin
	for at := uint32(0); at < h.size; {
		b, err := c.nextBin(at)
		if err != nil || b.size == 0 {
			return false, err
		}
		if err := c.bin(b, root); err != nil {
			return false, err
		}
		bins = append(bins, b)
		at += b.size
	}
	h.bins, h.walked = bins, true
	if err := c.look(); err != nil {
		return false, err
	}
	return !c.strange && c.cells == 0 && c.parents == 0 && c.security == 0 && c.ring == 0 && c.tagsFit(), nil
}

// tagsFit compares hashes or hints, where all leaves have the same.
func (c *census) tagsFit() bool {
	switch {
	case c.hashed && !c.hinted && !c.plain:
		return c.hashes == c.allHashes
	case c.hinted && !c.hashed && !c.plain:
		return c.hints == c.allHints
	}
	return !c.hashed && !c.hinted
}

// nextBin brings the bin at a place into the window. A bin of size 0 is one that is too large for that.
func (c *census) nextBin(at uint32) (bin, error) {
	if !c.holds(at, binHeader) {
		if err := c.fill(c.h, at, binHeader); err != nil {
			return bin{}, err
		}
	}
	size := c.h.seemingBin(at, c.bytes(at, binHeader))
	if size == 0 {
		return bin{}, c.h.noBin(at)
	}
	if size > maxWindow {
		return bin{}, nil
	}
	if c.holds(at, size) {
		return bin{at, size}, nil
	}
	return bin{at, size}, c.fill(c.h, at, size)
}

// bin counts the cells of a bin that is in the window.
func (c *census) bin(b bin, root uint32) error {
	raw := c.bytes(b.rel, b.size)
	for at := uint32(binHeader); at < b.size; {
		size, used := int64(int32(le.Uint32(raw[at:]))), false
		if size < 0 {
			size, used = -size, true
		}
		if size < 8 || size%8 != 0 || int64(at)+size > int64(b.size) {
			return corrupt(b.rel+at, "the cell has the impossible size %d", size)
		}
		if used && !c.strange { // else Check decides, and only the tiling is left to see
			c.cell(b.rel+at, raw[at+4:int64(at)+size], root)
		}
		at += uint32(size)
	}
	return nil
}

// cell counts one allocated cell by what its signature says it is.
func (c *census) cell(cell uint32, b []byte, root uint32) {
	kind := kindOther
	switch string(b[:2]) {
	case "nk":
		if c.key(cell, b, root) {
			kind = kindKey
		}
	case "vk":
		if c.value(b) {
			kind = kindValue
		}
	case "sk":
		if c.descriptor(cell, b) {
			return
		}
	case "lf", "lh", "li":
		if c.leaf(b) {
			kind = kindSubkeys
		}
	case "ri":
		if n := uint32(le.Uint16(b[2:])); 4+4*n <= uint32(len(b)) {
			kind = kindSubkeys
			for i := range n {
				c.cells -= kindSubkeys.of(le.Uint32(b[4+4*i:]))
			}
		}
	case "db":
		kind = kindBig
	}
	c.cells += kind.of(cell)
}

// key counts a key and what it refers to.
func (c *census) key(cell uint32, b []byte, root uint32) bool {
	if len(b) < nkName {
		return false
	}
	nameLen, flags := uint32(le.Uint16(b[nkNameLen:])), le.Uint16(b[nkFlags:])
	if nkName+nameLen > uint32(len(b)) {
		return false
	}
	name := b[nkName : nkName+nameLen]
	compressed := flags&flagCompressed != 0
	if units := nameLen; units == 0 || !compressed && nameLen%2 != 0 || compressed && units > maxKeyName || units > 2*maxKeyName {
		c.strange = true
		return true
	}
	if cell != root {
		c.parents -= mix(uint64(le.Uint32(b[nkParent:])))
		hash, hint := tagsOf(name, compressed)
		c.allHashes += pair(cell, hash)
		c.allHints += pair(cell, hint)
	}
	if subkeys, list := le.Uint32(b[nkSubkeys:]), le.Uint32(b[nkSubkeyList:]); subkeys != 0 {
		c.parents += uint64(subkeys) * mix(uint64(cell))
		c.cells -= kindSubkeys.of(list)
	} else if list != nilCell {
		c.strange = true
	}
	if n := le.Uint32(b[nkValues:]); n != 0 && flags&flagPredefined == 0 {
		if n > c.entries {
			c.strange = true
			return true
		}
		c.entries -= n
		c.refer(farRef{le.Uint32(b[nkValueList:]), 4 * n, true})
	}
	if n := uint32(le.Uint16(b[nkClassLen:])); n != 0 {
		c.refer(farRef{le.Uint32(b[nkClass:]), n, false})
	}
	c.security -= mix(uint64(le.Uint32(b[nkSecurity:])))
	return true
}

// tagsOf returns hash and hint of a name as it is stored.
func tagsOf(name []byte, compressed bool) (hash, hint uint32) {
	if !compressed {
		units := parseName(name, false)
		return nameHash(units), nameHint(units)
	}
	for i, u := range name {
		if i < 4 {
			hint |= uint32(u) << (8 * i)
		}
		if 'a' <= u && u <= 'z' {
			u -= 0x20
		} else if u >= 0x80 {
			hash = hash*37 + uint32(upcase(uint16(u)))
			continue
		}
		hash = hash*37 + uint32(u)
	}
	return hash, hint
}

// value counts what a value refers to.
func (c *census) value(b []byte) bool {
	if len(b) < vkName || vkName+int(le.Uint16(b[vkNameLen:])) > len(b) {
		return false
	}
	if le.Uint16(b[vkFlags:])&vkFlagLatin1 == 0 && b[vkNameLen]%2 != 0 {
		c.strange = true
	}
	size, data := le.Uint32(b[vkDataSize:]), le.Uint32(b[vkData:])
	switch {
	case size&inlineBit != 0:
		c.strange = c.strange || size&^inlineBit > 4
	case size == 0 && data == nilCell:
	case c.h.isBig(size):
		c.big(data, size)
	default:
		c.refer(farRef{data, size, false})
	}
	return true
}

// big counts the cells of a value's data in segments.
func (c *census) big(data, size uint32) {
	if n := size / segmentData; n > c.entries {
		c.strange = true
		return
	}
	list, cells, err := c.h.segments(data, size)
	if err != nil {
		c.strange = true
		return
	}
	c.entries -= min(uint32(len(cells)), c.entries)
	c.cells -= kindBig.of(data)
	c.refer(farRef{list, 4 * uint32(len(cells)), false})
	for _, cell := range cells {
		need := min(segmentData, size)
		c.refer(farRef{cell, need, false})
		size -= need
	}
}

// descriptor counts a security record.
func (c *census) descriptor(cell uint32, b []byte) bool {
	if len(b) < skData || le.Uint32(b[skLen:]) > uint32(len(b)-skData) {
		return false
	}
	if checkDescriptor(b[skData:skData+le.Uint32(b[skLen:])]) != nil {
		c.strange = true
	}
	c.security += uint64(le.Uint32(b[skRefs:])) * mix(uint64(cell))
	c.ring += pair(cell, le.Uint32(b[skFlink:])) - pair(le.Uint32(b[skBlink:]), cell)
	return true
}

// leaf counts the keys that a leaf of a subkey list names.
func (c *census) leaf(b []byte) bool {
	n, stride := uint32(le.Uint16(b[2:])), uint32(8)
	var tags *uint64
	switch b[1] {
	case 'h':
		tags = &c.hashes
	case 'f':
		tags = &c.hints
	default:
		stride = 4
	}
	if 4+stride*n > uint32(len(b)) {
		return false
	}
	switch {
	case n == 0:
		c.strange = true
	case b[1] == 'h':
		c.hashed = true
	case b[1] == 'f':
		c.hinted = true
	default:
		c.plain = true
	}
	for e := b[4 : 4+stride*n]; len(e) > 0; e = e[stride:] {
		child := le.Uint32(e)
		c.cells -= kindKey.of(child)
		if tags != nil {
			*tags += pair(child, le.Uint32(e[4:]))
		}
	}
	return true
}

// refer counts a reference to a cell without a signature, and looks at the cell now or later.
func (c *census) refer(r farRef) {
	c.cells -= kindOther.of(r.cell)
	switch {
	case c.holds(r.cell, 4) && (!r.list || c.holds(r.cell, 4+r.need)):
		c.referred(r)
	case len(c.far) == maxFar:
		c.strange = true
	default:
		c.far = append(c.far, r)
	}
}

// referred looks at a cell in the window that something refers to.
func (c *census) referred(r farRef) {
	if size := -int64(int32(le.Uint32(c.bytes(r.cell, 4)))); size < 4+int64(r.need) {
		c.strange = true
		return
	}
	if !r.list {
		return
	}
	for e := c.bytes(r.cell+4, r.need); len(e) > 0; e = e[4:] {
		c.cells -= kindValue.of(le.Uint32(e))
	}
}

// look looks at the cells that were not in the window, in their order, so that the file is read once more at most.
func (c *census) look() error {
	slices.SortFunc(c.far, func(a, b farRef) int { return int(int64(a.cell) - int64(b.cell)) })
	for _, r := range c.far {
		if c.strange {
			return nil
		}
		need := uint64(4)
		if r.list {
			need += uint64(r.need)
		}
		if uint64(r.cell)+need > uint64(c.h.size) || need > maxWindow {
			c.strange = true
			return nil
		}
		if !c.holds(r.cell, uint32(need)) {
			if err := c.fill(c.h, r.cell, uint32(need)); err != nil {
				return err
			}
		}
		c.referred(r)
	}
	return nil
}

// window is a run of pages of a hive, read at once, with pending log entries and edits.
type window struct {
	from  uint32
	data  []byte
	space []byte
}

// windowSize is how much is read at once; a bin that is larger, and is no larger than maxWindow, makes more room.
const (
	windowSize = 256 << 10
	maxWindow  = 4 << 20
)

func (w *window) holds(rel, n uint32) bool {
	return rel >= w.from && uint64(rel)+uint64(n) <= uint64(w.from)+uint64(len(w.data))
}

func (w *window) bytes(rel, n uint32) []byte { return w.data[rel-w.from:][:n] }

// fill moves the window to rel, and reads n bytes there or more.
func (w *window) fill(h *Hive, rel, n uint32) error {
	from := rel / pageSize * pageSize
	size := min(max(windowSize, int(rel-from)+int(n)+pageSize-1)/pageSize*pageSize, int(h.size-from))
	if size > cap(w.space) {
		w.space = make([]byte, size)
	}
	w.from, w.data = from, w.space[:size]
	got, err := h.files.Primary.ReadAt(w.data, headerSize+int64(from))
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the hive at offset %d: %w", headerSize+int64(from), err)
	}
	for at := 0; at < size; at += pageSize {
		p := h.pages[(from+uint32(at))/pageSize]
		switch {
		case p != nil:
			copy(w.data[at:], p.data[:])
		case at+pageSize > got:
			return corrupt(from+uint32(at), "the file ends before this page")
		}
	}
	return nil
}
