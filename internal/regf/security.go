package regf

import (
	"bytes"
	"fmt"
)

// secured returns the cell of the security record with the given descriptor, with its reference count raised by one. It
// reuses an identical record of the hive's ring, since Windows keeps no two alike, and else makes one
// (docs/internals/regf.md §1.7, §2.5). anchor is any record of the ring.
func (h *Hive) secured(descriptor []byte, anchor uint32) (uint32, error) {
	if err := checkDescriptor(descriptor); err != nil {
		return 0, err
	}
	found := uint32(nilCell)
	err := h.walkSecurity(anchor, func(cell uint32, sd []byte) bool {
		if bytes.Equal(sd, descriptor) {
			found = cell
		}
		return found == nilCell
	})
	if err != nil {
		return 0, err
	}
	if found != nilCell {
		return found, h.addSecurityRef(found)
	}
	return h.newSecurity(descriptor, anchor)
}

// walkSecurity visits the ring of security records, each once.
func (h *Hive) walkSecurity(anchor uint32, visit func(cell uint32, descriptor []byte) bool) error {
	previous, left := uint32(nilCell), int64(h.size) // what distinct records can hold
	for cell := anchor; ; {
		rel, b, length, err := h.record(cell, "sk", skData)
		if err != nil {
			return err
		}
		flink, blink, n := le.Uint32(b[skFlink:]), le.Uint32(b[skBlink:]), le.Uint32(b[skLen:])
		if n > length-skData {
			return corrupt(cell, "the security descriptor reaches beyond its cell")
		}
		left -= skData + int64(n)
		if left < 0 || previous != nilCell && blink != previous {
			return corrupt(cell, "the ring of security records is broken")
		}
		sd, err := h.view(rel+skData, n)
		if err != nil {
			return err
		}
		if !visit(cell, sd) || flink == anchor {
			return nil
		}
		previous, cell = cell, flink
	}
}

func (h *Hive) addSecurityRef(cell uint32) error {
	rel, b, _, err := h.record(cell, "sk", skData)
	if err != nil {
		return err
	}
	refs := le.Uint32(b[skRefs:])
	if refs == 0 || refs >= 0xFFFFFFFE {
		return corrupt(cell, "the security record has the impossible reference count %d", refs)
	}
	if err := h.mustBeCell(cell); err != nil {
		return err
	}
	return h.putU32(rel+skRefs, refs+1)
}

// newSecurity links a new record behind anchor.
func (h *Hive) newSecurity(descriptor []byte, anchor uint32) (uint32, error) {
	arel, b, _, err := h.record(anchor, "sk", skData)
	if err != nil {
		return 0, err
	}
	next := le.Uint32(b[skFlink:])
	nrel, _, _, err := h.record(next, "sk", skData)
	if err != nil {
		return 0, err
	}
	for _, c := range []uint32{anchor, next} {
		if err := h.mustBeCell(c); err != nil {
			return 0, err
		}
	}
	cell, err := h.alloc(skData+uint32(len(descriptor)), anchor)
	if err != nil {
		return 0, err
	}
	rec := make([]byte, skData, skData+len(descriptor))
	copy(rec, "sk")
	le.PutUint32(rec[skFlink:], next)
	le.PutUint32(rec[skBlink:], anchor)
	le.PutUint32(rec[skRefs:], 1)
	le.PutUint32(rec[skLen:], uint32(len(descriptor)))
	if err := h.put(cell+4, append(rec, descriptor...)); err != nil {
		return 0, err
	}
	if err := h.putU32(arel+skFlink, cell); err != nil {
		return 0, err
	}
	return cell, h.putU32(nrel+skBlink, cell)
}

// releaseSecurity lowers a reference count and removes the record when nobody uses it.
func (h *Hive) releaseSecurity(cell uint32) error {
	rel, b, _, err := h.record(cell, "sk", skData)
	if err != nil {
		return err
	}
	flink, blink, refs := le.Uint32(b[skFlink:]), le.Uint32(b[skBlink:]), le.Uint32(b[skRefs:])
	if refs == 0 {
		return corrupt(cell, "the security record is used, but its reference count is 0")
	}
	if refs > 1 || flink == cell {
		return h.putU32(rel+skRefs, refs-1)
	}
	prel, p, _, err := h.record(blink, "sk", skData)
	if err != nil {
		return err
	}
	if le.Uint32(p[skFlink:]) != cell {
		return corrupt(cell, "the ring of security records is broken")
	}
	nrel, n, _, err := h.record(flink, "sk", skData)
	if err != nil {
		return err
	}
	if le.Uint32(n[skBlink:]) != cell {
		return corrupt(cell, "the ring of security records is broken")
	}
	if err := h.putU32(prel+skFlink, flink); err != nil {
		return err
	}
	if err := h.putU32(nrel+skBlink, blink); err != nil {
		return err
	}
	return h.free(cell)
}

// checkDescriptor verifies the frame of a self-relative security descriptor ([MS-DTYP] 2.4.6): revision, control bits, and
// that owner, group and the two lists lie inside it.
func checkDescriptor(sd []byte) error {
	const header = 20
	if len(sd) < header || len(sd) > 0xFFFF {
		return fmt.Errorf("%w: a security descriptor of %d bytes", ErrInvalid, len(sd))
	}
	if sd[0] != 1 || le.Uint16(sd[2:])&0x8000 == 0 {
		return fmt.Errorf("%w: the security descriptor is not self-relative", ErrInvalid)
	}
	for i, at := range []uint32{4, 8, 12, 16} {
		off := uint64(le.Uint32(sd[at:]))
		if off == 0 {
			continue
		}
		if off < header || off+8 > uint64(len(sd)) {
			return fmt.Errorf("%w: an offset of the security descriptor points outside", ErrInvalid)
		}
		size := 8 + 4*uint64(sd[off+1]) // a SID
		if i >= 2 {
			size = uint64(le.Uint16(sd[off+2:])) // an ACL
		}
		if size < 8 || off+size > uint64(len(sd)) {
			return fmt.Errorf("%w: a part of the security descriptor reaches outside", ErrInvalid)
		}
	}
	return nil
}

// Security returns a copy of the key's security descriptor (self-relative, [MS-DTYP] 2.4.6).
func (k Key) Security() ([]byte, error) {
	n, err := k.h.node(k.cell)
	if err != nil {
		return nil, err
	}
	rel, b, length, err := k.h.record(n.security, "sk", skData)
	if err != nil {
		return nil, err
	}
	size := le.Uint32(b[skLen:])
	if size > length-skData {
		return nil, corrupt(n.security, "the security descriptor reaches beyond its cell")
	}
	return k.h.copyOf(rel+skData, size)
}
