package ndr

// Limits of Decode. No blob seen comes near them; they keep memory small whatever the input says.
const (
	MaxElements = 4096  // elements in all arrays of one decoding together
	MaxUnits    = 32767 // UTF-16 units in a string, Windows' own limit for a counted string
)

// Layout describes a structure: it calls c's methods for the fields in wire order.
type Layout func(c Coder)

// Coder is what a layout talks to. Every method handles one field of the fixed part and arranges for what it points to.
// The field's name appears in errors only. A nil pointer or slice is a NULL pointer on the wire; an empty one is a
// pointer to nothing. After the first error all methods do nothing.
type Coder interface {
	// Uint32 is a 32-bit integer.
	Uint32(field string, v *uint32)

	// GUID is a GUID in place.
	GUID(field string, v *GUID)

	// String is a [string] wchar_t *: a pointer to NUL terminated text.
	String(field string, v **string)

	// Secret is like String, for text that must not be copied around: it stays UTF-16 (which need not be valid),
	// without the NUL, in memory that can be wiped. Errors about it show no numbers.
	Secret(field string, v *[]uint16)

	// UnicodeString is a counted string ([MS-DTYP] 2.3.10) whose text follows without a NUL.
	UnicodeString(field string, v **string)

	// SID is a pointer to a security identifier.
	SID(field string, v **SID)

	// Bytes is a byte count followed by a pointer to so many bytes.
	Bytes(count, field string, v *[]byte)

	// Stream is like Bytes, for bytes that are a stream themselves, described by layout. Reading leaves the bytes in
	// raw, writing makes them from layout and does not look at raw. The pointer must not be NULL. With a nil layout it
	// is Bytes.
	Stream(count, field string, raw *[]byte, layout Layout)

	// Embed is a structure inside the structure; its fields are called field.name.
	Embed(field string, layout Layout)

	// Fail stops with err, said of field. A layout uses it when a value makes the rest unreadable.
	Fail(field string, err error)

	array(a array)
}

// Array describes a count followed by a pointer to so many structures, each with a fixed part of size bytes.
func Array[T any](c Coder, count, field string, size int, list *[]T, layout func(element *T, c Coder)) {
	c.array(array{
		count:   count,
		field:   field,
		size:    size,
		present: *list != nil,
		length:  len(*list),
		make:    func(n int) { *list = make([]T, n) },
		element: func(c Coder, i int) { layout(&(*list)[i], c) },
	})
}

// array is an Array without its element type.
type array struct {
	count, field string
	size         int // bytes of an element's fixed part
	present      bool
	length       int
	make         func(n int)
	element      func(c Coder, i int)
}
