package ndr

import (
	"errors"
	"fmt"
)

func (r *reader) Bytes(count, field string, v *[]byte) {
	*v = nil
	at := r.aligned()
	n := r.uint32(count)
	if !r.pointer(field) {
		if n != 0 {
			r.failAt(at, count, fmt.Errorf("%d bytes are announced, but the pointer is NULL", n))
		}
		return
	}
	r.later(func() { *v = r.conformant(field, n) })
}

// conformant reads the pointee of a [size_is(n)] BYTE *: n again, then n bytes.
func (r *reader) conformant(field string, n uint32) []byte {
	if !r.sameCount(field, n, "bytes") {
		return nil
	}
	if uint64(n) > uint64(r.left()) {
		r.failf(field, "%d bytes are announced, but only %d are left", n, r.left())
		return nil
	}
	return r.take(field, 1, int(n))
}

func (r *reader) Stream(count, field string, raw *[]byte, layout Layout) {
	if layout == nil {
		r.Bytes(count, field, raw)
		return
	}
	n := r.uint32(count)
	if !r.pointer(field) {
		r.Fail(field, errors.New("the pointer is NULL, but data must be there"))
		return
	}
	r.later(func() {
		*raw = r.conformant(field, n)
		if r.err != nil {
			return
		}
		nested := reader{
			decoding: r.decoding,
			data:     *raw,
			base:     r.base + r.off - len(*raw),
			scope:    r.scope.enter(field),
		}
		nested.stream(layout)
	})
}

// sidFixed is the size of a SID without its sub authorities: revision, count, authority.
const sidFixed = 8

func (r *reader) SID(field string, v **SID) {
	*v = nil
	if !r.pointer(field) {
		return
	}
	r.later(func() {
		at := r.aligned()
		n := r.uint32(field)
		if r.err == nil && n > maxSubAuthorities {
			r.failAt(at, field, fmt.Errorf("the SID has %d sub authorities, more than %d", n, maxSubAuthorities))
		}
		b := r.take(field, 4, sidFixed+4*int(n))
		if b == nil {
			return
		}
		if b[0] != sidRevision || uint32(b[1]) != n {
			r.failAt(at, field, fmt.Errorf("the SID has revision %d and count %d, not 1 and %d", b[0], b[1], n))
			return
		}
		sid := sidFromWire(b)
		*v = &sid
	})
}
