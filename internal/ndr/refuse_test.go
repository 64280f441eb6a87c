package ndr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// Offsets of fields of full's stream.
const (
	atGUID    = 24
	atText    = 40
	atCounted = 48
	atBytes   = 60
	atList    = 68
	atNested  = 76
	atPointee = 92 // lpText's max_count
)

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	good, err := Encode(full(t).layout)
	if err != nil {
		t.Fatal(err)
	}
	find := func(marker string) int {
		at := bytes.Index(good, []byte(marker))
		if at < 0 {
			t.Fatalf("no %q", marker)
		}
		return at
	}
	wide := func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	secret, counted := find(wide("sesame")), find(wide("counted"))
	sid, data, list := find("\x01\x04\x00\x00\x00\x00\x00\x05"), find("bytes"), find(wide("one"))
	nested := find(wide("nested"))
	for _, c := range []struct {
		name   string
		at     int
		value  uint32
		path   string
		offset int
		text   string
	}{
		{"version", 0, 0xCC081003, "", 0, "version 3"},
		{"version of NDR64", 0, 0xCC081002, "", 0, "version 2 (NDR64)"},
		{"big endian", 0, 0x00080001, "", 0, "big endian"},
		{"byte order", 0, 0x00081101, "", 0, "byte order 0x11"},
		{"header length", 0, 0x00091001, "", 0, "9 bytes long"},
		{"length not a multiple of 8", 8, uint32(len(good)) - 15, "", 0, "multiple of 8"},
		{"length too great", 8, uint32(len(good)), "", 0, "cut off"},
		{"length 2^32-8", 8, 0xFFFFFFF8, "", 0, "cut off"},
		{"length too small", 8, uint32(len(good)) - 24, "", 0, "8 bytes follow after"},
		{"no top level pointer", 16, 0, "top level pointer", 20, "NULL"},

		{"string: offset", atPointee + 4, 1, "lpText", atPointee + 12, "starts at offset 1"},
		{"string: no NUL counted", atPointee + 8, 0, "lpText", atPointee + 12, "no final NUL"},
		{"string: actual beyond max", atPointee + 8, 99, "lpText", atPointee + 12, "exceed"},
		{"string: room to spare is legal", atPointee, 0xFFFFFFFF, "", 0, ""},
		{"string: half a pair", atPointee + 12 + 12, 0x0061D83D, "lpText", 0, "not valid UTF-16"},
		{"string: NUL inside", atPointee + 12, 0, "lpText", 0, "only NUL"},
		{"secret: counts", secret - 4, 99, "lpSecret", secret - 12, "counts do not fit"},
		{"secret: NUL inside", secret, 0, "lpSecret", secret - 12, "only NUL"},

		{"counted: odd length", atCounted, 0x0010000D, "Counted", atCounted, "13 does not fit"},
		{"counted: odd maximum", atCounted, 0x0011000E, "Counted", atCounted, "does not fit its maximum 17"},
		{"counted: too long", atCounted, 0xFFFEFFFE, "Counted", atCounted, "more than 32766"},
		{"counted: greater than maximum", atCounted, 0x0002000E, "Counted", atCounted, "does not fit"},
		{"counted: NULL with length", atCounted + 4, 0, "Counted", atCounted, "NULL"},
		{"counted: other max_count", counted - 12, 9, "Counted", counted - 12, "do not match"},
		{"counted: offset", counted - 8, 1, "Counted", counted - 12, "do not match"},
		{"counted: other length", counted - 4, 6, "Counted", counted - 12, "do not match"},
		{"counted: NUL inside", counted, 0x00630000, "Counted", 0, "holds a NUL"},

		{"SID: count", sid - 4, 5, "Sid", sid - 4, "count 4"},
		{"SID: 16 sub authorities", sid - 4, 16, "Sid", sid - 4, "more than 15"},
		{"SID: 2^32-1 sub authorities", sid - 4, 0xFFFFFFFF, "Sid", sid - 4, "more than 15"},
		{"SID: revision", sid, 0x00000402, "Sid", sid - 4, "revision 2"},

		{"bytes: NULL with count", atBytes + 4, 0, "cbBytes", atBytes, "NULL"},
		{"bytes: other count", atBytes, 6, "pBytes", data - 4, "6 bytes are announced, but the array has 5"},
		{"array: NULL with count", atList + 4, 0, "cList", atList, "NULL"},
		{"array: other count", atList, 4, "pList", 0, "the array has 3"},
		{"element: offset", list - 8, 1, "pList[0].lpName", list, "starts at offset 1"},
		{"nested: NULL", atNested + 4, 0, "pNested", atNested + 8, "must be there"},
		{"nested: header", nested - 40, 0xCC081002, "pNested", nested - 40, "version 2"},
		{"nested: string", nested - 8, 7, "pNested.lpText", nested, "starts at offset 7"},
	} {
		bad := bytes.Clone(good)
		binary.LittleEndian.PutUint32(bad[c.at:], c.value)
		s := sample{nested: new(inner)}
		_, err := Decode(bad, s.layout)
		e, is := errors.AsType[*Error](err)
		switch {
		case c.text == "":
			// The change lets this field pass; it must not disturb the others.
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case !is:
			t.Errorf("%s: %v, not an *Error", c.name, err)
		case e.Path != c.path || !strings.Contains(err.Error(), c.text):
			t.Errorf("%s: %v; want %q of %s", c.name, err, c.text, c.path)
		case c.offset != 0 && e.Offset != c.offset:
			t.Errorf("%s: offset %#x, want %#x", c.name, e.Offset, c.offset)
		}
	}
}

func TestCountsAreComparedBeforeAllocating(t *testing.T) {
	t.Parallel()
	type element struct{ _ [1 << 16]byte }
	var list []element
	layout := func(n uint32) []byte {
		data, err := Encode(func(c Coder) {
			one := uint32(1)
			c.Uint32("cList", &n)
			c.Uint32("pList", &one)
			c.Uint32("max_count", &n)
		})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for n, want := range map[uint32]string{
		MaxElements:     "only 0 bytes are left",
		MaxElements + 1: "more than 4096 elements",
		0xFFFFFFFF:      "more than 4096 elements",
	} {
		_, err := Decode(layout(n), func(c Coder) {
			Array(c, "cList", "pList", 8, &list, func(*element, Coder) {})
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d elements: %v, want %q", n, err, want)
		}
		if list != nil {
			t.Errorf("%d elements were allocated", len(list))
		}
	}
}

func TestElementsAreCountedTogether(t *testing.T) {
	t.Parallel()
	lists := [2][]uint32{make([]uint32, MaxElements), {0}}
	layout := func(c Coder) {
		for i := range lists {
			Array(c, "cList", "pList", 4, &lists[i], func(v *uint32, c Coder) { c.Uint32("", v) })
		}
	}
	data, err := Encode(layout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(data, layout); err == nil || !strings.Contains(err.Error(), "more than 4096") {
		t.Errorf("one element too many: %v", err)
	}
}

func TestPaddingIsNoted(t *testing.T) {
	t.Parallel()
	data, err := Encode(func(c Coder) {})
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] = 0xAA
	notes, err := Decode(data, func(c Coder) {})
	if err != nil || notes.DirtyPadding != 1 {
		t.Errorf("%+v, %v", notes, err)
	}
	longer := append(bytes.Clone(data), make([]byte, 8)...)
	longer[8] += 8
	if _, err := Decode(longer, func(c Coder) {}); err == nil || !strings.Contains(err.Error(), "left over") {
		t.Errorf("8 bytes too many in the object: %v", err)
	}
}

// TestUnsupportedIsNotDamaged: what [MS-RPCE] describes and is refused can be told from what nobody describes.
func TestUnsupportedIsNotDamaged(t *testing.T) {
	t.Parallel()
	good, err := Encode(full(t).layout)
	if err != nil {
		t.Fatal(err)
	}
	for at, values := range map[int]map[byte]bool{0: {0: false, 2: true, 3: false}, 1: {0x00: true, 0x01: false, 0x11: false}} {
		for value, unsupported := range values {
			bad := bytes.Clone(good)
			bad[at] = value
			_, err := Decode(bad, full(t).layout)
			if _, is := errors.AsType[Unsupported](err); err == nil || is != unsupported {
				t.Errorf("byte %d is %#x: %v", at, value, err)
			}
		}
	}
}

// TestWhatIsLeftOverIsOfTheStream: bytes behind a nested structure are said of the stream that holds them.
func TestWhatIsLeftOverIsOfTheStream(t *testing.T) {
	t.Parallel()
	var raw []byte
	inside := inner{text: new("x")}
	layout := func(c Coder) { c.Stream("cb", "pOuter", &raw, func(c Coder) { c.Embed("In", inside.layout) }) }
	data, err := Encode(layout)
	if err != nil {
		t.Fatal(err)
	}
	// The nested stream gets 8 bytes more, as do all sizes around it.
	data = append(data, make([]byte, 8)...)
	for _, at := range []int{8, 20, 28, 32 + 8} {
		data[at] += 8
	}
	_, err = Decode(data, layout)
	if e, is := errors.AsType[*Error](err); !is || e.Path != "pOuter.end" {
		t.Errorf("%v, want that of pOuter", err)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := Encode(full(f).layout)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:headerSize+4])
	f.Fuzz(func(t *testing.T, data []byte) {
		s := sample{nested: new(inner)}
		if _, err := Decode(data, s.layout); err != nil {
			return
		}
		again, err := Encode(s.layout)
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		if _, err := Decode(again, s.layout); err != nil {
			t.Errorf("written again: %v", err)
		}
	})
}
