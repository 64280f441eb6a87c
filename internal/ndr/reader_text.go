package ndr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (r *reader) String(field string, v **string) {
	if !r.pointer(field) {
		*v = nil
		return
	}
	r.later(func() {
		if units, err := r.terminated(field); err != nil {
			r.Fail(field, err)
		} else if units != nil {
			r.text(field, units, v)
		}
	})
}

func (r *reader) Secret(field string, v *[]uint16) {
	if !r.pointer(field) {
		*v = nil
		return
	}
	r.later(func() {
		at := r.aligned()
		units, err := r.terminated(field)
		if err != nil {
			// err's numbers would tell the secret's length.
			r.failAt(at, field, errors.New("its counts do not fit, or it does not end with its only NUL"))
			return
		}
		*v = make([]uint16, len(units)/2)
		for i := range *v {
			(*v)[i] = binary.LittleEndian.Uint16(units[2*i:])
		}
	})
}

// terminated reads the pointee of a [string] wchar_t *: max_count, offset, actual_count, units. It returns the units as
// bytes, without the final NUL, and nil when the reader has failed already.
func (r *reader) terminated(field string) ([]byte, error) {
	size, offset, actual := r.uint32(field), r.uint32(field), r.uint32(field)
	switch {
	case r.err != nil:
		return nil, nil
	case offset != 0:
		return nil, fmt.Errorf("the string starts at offset %d of its array, not 0", offset)
	case actual == 0:
		return nil, errors.New("the string has no final NUL")
	case actual > size:
		return nil, fmt.Errorf("the string's %d units exceed its array of %d", actual, size)
	case actual > MaxUnits+1:
		return nil, fmt.Errorf("the string has more than %d units", MaxUnits)
	case int(actual) > r.left()/2:
		return nil, fmt.Errorf("the data ends inside the string of %d units", actual)
	}
	units := r.take(field, 2, 2*int(actual))
	last := len(units) - 2
	if hasNUL(units[:last]) || units[last]|units[last+1] != 0 {
		return nil, errors.New("the string does not end with its only NUL")
	}
	return units[:last], nil
}

func (r *reader) UnicodeString(field string, v **string) {
	at := r.aligned()
	r.take(field, 4, 0) // a structure with a pointer inside is aligned like the pointer
	length, size := r.uint16(field), r.uint16(field)
	present := r.pointer(field)
	switch {
	case r.err != nil:
	case length%2 != 0 || size%2 != 0 || length > size:
		r.failAt(at, field, fmt.Errorf("the length %d does not fit its maximum %d", length, size))
	case length/2 >= MaxUnits:
		// Its maximum, which is two bytes more, would not fit.
		r.failAt(at, field, fmt.Errorf("the string has more than %d units", MaxUnits-1))
	case !present && length != 0:
		r.failAt(at, field, fmt.Errorf("%d bytes of text are announced, but the pointer is NULL", length))
	case present:
		r.later(func() { r.counted(field, length, size, v) })
	}
}

// counted reads the pointee of a counted string, which repeats both of its lengths in units.
func (r *reader) counted(field string, length, size uint16, v **string) {
	at := r.aligned()
	room, offset, actual := r.uint32(field), r.uint32(field), r.uint32(field)
	if r.err == nil && (room != uint32(size/2) || offset != 0 || actual != uint32(length/2)) {
		r.failAt(at, field, fmt.Errorf("the counts %d, %d, %d do not match the lengths %d and %d",
			room, offset, actual, length, size))
	}
	units := r.take(field, 2, int(length))
	if r.err == nil && hasNUL(units) {
		r.failf(field, "the string holds a NUL")
	}
	r.text(field, units, v)
}

func hasNUL(units []byte) bool {
	for i := 0; i+1 < len(units); i += 2 {
		if units[i]|units[i+1] == 0 {
			return true
		}
	}
	return false
}

// text sets v from UTF-16 units, which must be valid. It measures first, so that nothing bigger than the text is made.
func (r *reader) text(field string, units []byte, v **string) {
	if r.err != nil {
		return
	}
	size := 0
	for i := 0; i < len(units); {
		char, n := runeAt(units[i:])
		if char == utf8.RuneError && n == 0 {
			r.failf(field, "the string is not valid UTF-16")
			return
		}
		size += utf8.RuneLen(char)
		i += n
	}
	var b strings.Builder
	b.Grow(size)
	for i := 0; i < len(units); {
		char, n := runeAt(units[i:])
		b.WriteRune(char)
		i += n
	}
	s := b.String()
	*v = &s
}

// runeAt decodes the character at the start of units and tells how many bytes it takes; 0 for half a surrogate pair.
func runeAt(units []byte) (char rune, n int) {
	char = rune(binary.LittleEndian.Uint16(units))
	if !utf16.IsSurrogate(char) {
		return char, 2
	}
	if len(units) >= 4 {
		if char = utf16.DecodeRune(char, rune(binary.LittleEndian.Uint16(units[2:]))); char != utf8.RuneError {
			return char, 4
		}
	}
	return utf8.RuneError, 0
}
