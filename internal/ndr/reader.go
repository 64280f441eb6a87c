package ndr

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Notes are what Decode saw and tolerated.
type Notes struct {
	// DirtyPadding counts padding bytes that are not zero. NDR leaves their value open; the writers seen write zero.
	DirtyPadding int
}

// Decode reads the structure described by layout from data, which must be exactly one stream. Its error is an [*Error].
func Decode(data []byte, layout Layout) (Notes, error) {
	var s decoding
	r := reader{data: data, decoding: &s}
	r.stream(layout)
	if s.err != nil {
		return Notes{}, s.err
	}
	return s.notes, nil
}

// decoding is what the readers of nested streams share.
type decoding struct {
	err      *Error
	elements int
	notes    Notes
}

// reader is the Coder that fills fields from one stream.
type reader struct {
	*decoding
	data  []byte // the stream, header included, so that offsets align as in the object
	off   int
	base  int // offset of data[0] in the outermost stream
	scope *scope
	queue []func() // pointees that follow the current fixed part
}

func (r *reader) Fail(field string, err error) { r.failAt(r.off, field, err) }

func (r *reader) failAt(off int, field string, err error) {
	if r.err == nil {
		r.err = &Error{Path: r.scope.path(field), Offset: r.base + off, Err: err}
	}
}

func (r *reader) failf(field, format string, args ...any) {
	r.Fail(field, fmt.Errorf(format, args...))
}

// stream reads header, top-level pointer, structure and final padding.
func (r *reader) stream(layout Layout) {
	if !r.header() || !r.pointer("top level pointer") {
		r.Fail("top level pointer", errors.New("it is NULL"))
		return
	}
	whole := r.scope
	layout(r)
	r.deferred()
	r.scope = whole
	r.end()
}

// header checks the stream's headers. The fillers are ignored ([MS-RPCE] 2.2.6.1).
func (r *reader) header() bool {
	h := r.data
	if len(h) < headerSize {
		r.failf("", "a stream starts with %d bytes of header, but only %d are there", headerSize, len(h))
		return false
	}
	length := binary.LittleEndian.Uint32(h[8:])
	switch {
	case h[0] == version2:
		r.Fail("", unsupportedVersion2)
	case h[0] != version1:
		r.failf("", "the header has serialization version %d, not 1", h[0])
	case h[1] == bigEndian:
		r.Fail("", unsupportedBigEndian)
	case h[1] != littleEndian:
		r.failf("", "the header has the unknown byte order %#02x", h[1])
	case binary.LittleEndian.Uint16(h[2:]) != commonLength:
		r.failf("", "the header says that it is %d bytes long, not 8", binary.LittleEndian.Uint16(h[2:]))
	case length%objectAlignment != 0:
		r.failf("", "the object's length %d is no multiple of 8", length)
	case uint64(length) > uint64(len(h)-headerSize):
		r.failf("", "the header announces %d bytes, but only %d follow: the data is cut off", length, len(h)-headerSize)
	case uint64(length) < uint64(len(h)-headerSize):
		r.failf("", "%d bytes follow after the announced %d", uint64(len(h)-headerSize)-uint64(length), length)
	}
	r.off = headerSize
	return r.err == nil
}

// deferred reads the pointees that were queued, each followed by its own.
func (r *reader) deferred() {
	queue := r.queue
	r.queue = nil
	for _, read := range queue {
		if r.err != nil {
			return
		}
		read()
		r.deferred()
	}
}

// end checks that only the padding to a multiple of 8 is left.
func (r *reader) end() {
	if r.err != nil {
		return
	}
	rest := r.data[r.off:]
	if len(rest) >= objectAlignment {
		r.failf("end", "%d bytes are left over after the structure", len(rest))
		return
	}
	r.padding(rest)
	r.off = len(r.data)
}

func (r *reader) padding(pad []byte) {
	for _, b := range pad {
		if b != 0 {
			r.notes.DirtyPadding++
		}
	}
}

// take returns the next n bytes after aligning, and nil after an error.
func (r *reader) take(field string, align, n int) []byte {
	if r.err != nil {
		return nil
	}
	pad := -r.off & (align - 1)
	if left := len(r.data) - r.off; pad+n > left {
		r.failf(field, "the data ends here: %d bytes are needed, %d are left", pad+n, left)
		return nil
	}
	r.padding(r.data[r.off : r.off+pad])
	r.off += pad
	b := r.data[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// aligned returns where the next 32-bit integer starts.
func (r *reader) aligned() int { return (r.off + 3) &^ 3 }

func (r *reader) left() int { return len(r.data) - r.off }

func (r *reader) uint16(field string) uint16 {
	if b := r.take(field, 2, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32(field string) uint32 {
	if b := r.take(field, 4, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// pointer reads a referent and tells whether it is not NULL. Order and uniqueness of referents mean nothing.
func (r *reader) pointer(field string) bool { return r.uint32(field) != 0 }

// later queues the reading of a pointee, which happens in the scope of now.
func (r *reader) later(read func()) {
	here := r.scope
	r.queue = append(r.queue, func() {
		r.scope = here
		read()
	})
}

func (r *reader) Uint32(field string, v *uint32) { *v = r.uint32(field) }

func (r *reader) GUID(field string, v *GUID) {
	// A GUID starts with a 32-bit integer, hence the alignment.
	if b := r.take(field, 4, len(v)); b != nil {
		copy(v[:], b)
	}
}

func (r *reader) Embed(field string, layout Layout) {
	outer := r.scope
	r.scope = outer.enter(field)
	layout(r)
	r.scope = outer
}

func (r *reader) array(a array) {
	at := r.aligned()
	n := r.uint32(a.count)
	if !r.pointer(a.field) {
		if n != 0 {
			r.failAt(at, a.count, fmt.Errorf("%d elements are announced, but the pointer is NULL", n))
		}
		return
	}
	r.later(func() { r.elements(a, n) })
}

// elements reads an array: all fixed parts, then the pointees of the first element, of the second, and so on.
func (r *reader) elements(a array, n uint32) {
	if !r.sameCount(a.field, n, "elements") {
		return
	}
	if n > MaxElements || r.decoding.elements+int(n) > MaxElements {
		r.failf(a.field, "it holds more than %d elements", MaxElements)
		return
	}
	if uint64(n)*uint64(a.size) > uint64(r.left()) {
		r.failf(a.field, "%d elements of %d bytes are announced, but only %d bytes are left", n, a.size, r.left())
		return
	}
	r.decoding.elements += int(n)
	a.make(int(n))
	outer := r.scope
	for i := range int(n) {
		if r.err != nil {
			return
		}
		r.scope = outer.element(a.field, i)
		a.element(r, i)
	}
	r.scope = outer
}

// sameCount reads the count in front of a pointee (max_count) and compares it with the one of the fixed part.
func (r *reader) sameCount(field string, n uint32, what string) bool {
	at := r.aligned()
	if m := r.uint32(field); r.err == nil && m != n {
		r.failAt(at, field, fmt.Errorf("%d %s are announced, but the array has %d", n, what, m))
	}
	return r.err == nil
}
