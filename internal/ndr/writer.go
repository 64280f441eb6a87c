package ndr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Encode writes the structure described by layout as a stream. Equal values give equal bytes: padding is zero and the
// referents count from 0x00020000 in steps of 4, in the order of the pointers, anew in each stream. Its error is an
// [*Error]. Encode wipes the memory that it used on the way; the result is the caller's to wipe.
func Encode(layout Layout) ([]byte, error) {
	var s encoding
	out := encodeStream(&s, nil, layout)
	for _, nested := range s.nested {
		clear(nested)
	}
	if s.err != nil {
		clear(out)
		return nil, s.err
	}
	return out, nil
}

// encoding is what the writers of nested streams share.
type encoding struct {
	err    *Error
	nested [][]byte // buffers to wipe at the end
}

// writer is the Coder that writes fields into one stream. It mirrors reader.
type writer struct {
	*encoding
	buf   []byte
	next  uint32 // referent of the next pointer
	scope *scope
	queue []func()
}

func encodeStream(s *encoding, at *scope, layout Layout) []byte {
	w := writer{encoding: s, next: firstReferent, scope: at}
	w.append([]byte{version1, littleEndian, commonLength, 0, fillerByte, fillerByte, fillerByte, fillerByte})
	w.append(make([]byte, 8))
	w.pointer(true)
	layout(&w)
	w.deferred()
	w.align(objectAlignment)
	if object := len(w.buf) - headerSize; uint64(object) <= math.MaxUint32 {
		binary.LittleEndian.PutUint32(w.buf[8:], uint32(object))
	}
	return w.buf
}

func (w *writer) Fail(field string, err error) {
	if w.err == nil {
		w.err = &Error{Path: w.scope.path(field), Offset: len(w.buf), Err: err}
	}
}

func (w *writer) deferred() {
	queue := w.queue
	w.queue = nil
	for _, write := range queue {
		if w.err != nil {
			return
		}
		write()
		w.deferred()
	}
}

// grow makes room for n more bytes. The outgrown buffer may hold a secret, so it is wiped.
func (w *writer) grow(n int) {
	if len(w.buf)+n <= cap(w.buf) {
		return
	}
	// Great buffers, which hold other streams, grow by a quarter only.
	next := max(1024, 2*cap(w.buf))
	if cap(w.buf) > 1<<16 {
		next = cap(w.buf) + cap(w.buf)/4
	}
	bigger := make([]byte, len(w.buf), max(next, len(w.buf)+n))
	copy(bigger, w.buf)
	clear(w.buf)
	w.buf = bigger
}

func (w *writer) append(b []byte) {
	w.grow(len(b))
	w.buf = append(w.buf, b...)
}

func (w *writer) align(n int) {
	pad := -len(w.buf) & (n - 1)
	w.grow(pad)
	for range pad {
		w.buf = append(w.buf, 0)
	}
}

func (w *writer) uint16(v uint16) {
	w.align(2)
	w.grow(2)
	w.buf = binary.LittleEndian.AppendUint16(w.buf, v)
}

func (w *writer) uint32(v uint32) {
	w.align(4)
	w.grow(4)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, v)
}

func (w *writer) pointer(present bool) {
	if !present {
		w.uint32(0)
		return
	}
	w.uint32(w.next)
	w.next += referentStep
}

func (w *writer) later(write func()) {
	here := w.scope
	w.queue = append(w.queue, func() {
		w.scope = here
		write()
	})
}

func (w *writer) Uint32(_ string, v *uint32) { w.uint32(*v) }

func (w *writer) GUID(_ string, v *GUID) {
	w.align(4)
	w.append(v[:])
}

func (w *writer) Embed(field string, layout Layout) {
	outer := w.scope
	w.scope = outer.enter(field)
	layout(w)
	w.scope = outer
}

func (w *writer) array(a array) {
	w.uint32(uint32(a.length))
	w.pointer(a.present)
	if !a.present {
		return
	}
	w.later(func() {
		w.uint32(uint32(a.length))
		outer := w.scope
		for i := range a.length {
			w.scope = outer.element(a.field, i)
			a.element(w, i)
		}
		w.scope = outer
	})
}

func (w *writer) String(field string, v **string) {
	w.pointer(*v != nil)
	if *v == nil {
		return
	}
	w.later(func() {
		if units, ok := w.units(field, **v); ok {
			w.terminated(field, units)
		}
	})
}

func (w *writer) Secret(field string, v *[]uint16) {
	w.pointer(*v != nil)
	if *v != nil {
		w.later(func() { w.terminated(field, *v) })
	}
}

// terminated writes the pointee of a [string] wchar_t *.
func (w *writer) terminated(field string, units []uint16) {
	if len(units) > MaxUnits {
		w.Fail(field, fmt.Errorf("the string is longer than %d units", MaxUnits))
		return
	}
	for _, u := range units {
		if u == 0 {
			w.Fail(field, errors.New("the string holds a NUL"))
			return
		}
	}
	n := uint32(len(units)) + 1
	w.uint32(n)
	w.uint32(0)
	w.uint32(n)
	w.raw(units)
	w.uint16(0)
}

func (w *writer) raw(units []uint16) {
	w.grow(2 * len(units))
	for _, u := range units {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, u)
	}
}

func (w *writer) UnicodeString(field string, v **string) {
	if *v == nil {
		w.uint32(0) // both lengths
		w.pointer(false)
		return
	}
	units, ok := w.units(field, **v)
	if !ok {
		return
	}
	if len(units) >= MaxUnits {
		w.Fail(field, fmt.Errorf("the string is longer than %d units", MaxUnits-1))
		return
	}
	// Windows and Samba make MaximumLength two bytes greater than Length (observed).
	length := uint16(2 * len(units))
	w.align(4)
	w.uint16(length)
	w.uint16(length + 2)
	w.pointer(true)
	w.later(func() {
		w.uint32(uint32(len(units)) + 1)
		w.uint32(0)
		w.uint32(uint32(len(units)))
		w.raw(units)
	})
}

// units returns text as UTF-16; text must be valid and without NUL.
func (w *writer) units(field, text string) ([]uint16, bool) {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		w.Fail(field, errors.New("the text is not valid UTF-8 or holds a NUL"))
		return nil, false
	}
	units := make([]uint16, 0, len(text))
	for _, char := range text {
		units = utf16.AppendRune(units, char)
	}
	return units, true
}

func (w *writer) SID(_ string, v **SID) {
	w.pointer(*v != nil)
	if *v == nil {
		return
	}
	w.later(func() {
		w.uint32(uint32((*v).count))
		w.append((*v).appendWire(nil))
	})
}

func (w *writer) Bytes(_, field string, v *[]byte) { w.bytes(field, *v) }

func (w *writer) Stream(count, field string, raw *[]byte, layout Layout) {
	if layout == nil {
		w.Bytes(count, field, raw)
		return
	}
	stream := encodeStream(w.encoding, w.scope.enter(field), layout)
	w.nested = append(w.nested, stream)
	w.bytes(field, stream)
}

// bytes writes a count and a pointer to so many bytes.
func (w *writer) bytes(field string, b []byte) {
	if uint64(len(b)) > math.MaxUint32 {
		w.Fail(field, errors.New("there are too many bytes"))
	}
	w.uint32(uint32(len(b)))
	w.pointer(b != nil)
	if b == nil {
		return
	}
	w.later(func() {
		w.uint32(uint32(len(b)))
		w.append(b)
	})
}
