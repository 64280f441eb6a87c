package ndr

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// sample has a field of every kind.
type sample struct {
	number  uint32
	guid    GUID
	text    *string
	secret  []uint16
	counted *string
	sid     *SID
	bytes   []byte
	list    []item
	raw     []byte
	nested  *inner
	inside  inner
}

type item struct {
	name *string
	data []byte
}

type inner struct {
	text  *string
	value uint32
}

func (s *sample) layout(c Coder) {
	c.Uint32("ulNumber", &s.number)
	c.GUID("Guid", &s.guid)
	c.String("lpText", &s.text)
	c.Secret("lpSecret", &s.secret)
	c.UnicodeString("Counted", &s.counted)
	c.SID("Sid", &s.sid)
	c.Bytes("cbBytes", "pBytes", &s.bytes)
	Array(c, "cList", "pList", 12, &s.list, (*item).layout)
	var nested Layout
	if s.nested != nil {
		nested = s.nested.layout
	}
	c.Stream("cbNested", "pNested", &s.raw, nested)
	c.Embed("Inside", s.inside.layout)
}

func (i *item) layout(c Coder) {
	c.String("lpName", &i.name)
	c.Bytes("cbData", "pData", &i.data)
}

func (i *inner) layout(c Coder) {
	c.String("lpText", &i.text)
	c.Uint32("ulValue", &i.value)
}

func full(t testing.TB) *sample {
	t.Helper()
	sid, err := ParseSID("S-1-5-21-1-2-3")
	if err != nil {
		t.Fatal(err)
	}
	return &sample{
		number: 7, guid: GUID{1, 2, 3}, text: new("Grüße 🙂"), secret: utf16.Encode([]rune("sesame")),
		counted: new("counted"), sid: &sid, bytes: []byte("bytes"),
		list:   []item{{new("one"), []byte{1}}, {nil, nil}, {new(""), []byte{}}},
		nested: &inner{new("nested"), 1}, inside: inner{new("inside"), 2},
	}
}

// TestWireForm compares with bytes written down by hand from the specification.
func TestWireForm(t *testing.T) {
	t.Parallel()
	sid, _ := ParseSID("S-1-5-32")
	v := struct {
		text, counted *string
		sid           *SID
		list          []item
	}{new("ab"), new("c"), &sid, []item{{data: []byte{0xFF}}, {name: new("")}}}
	layout := func(c Coder) {
		c.String("lpText", &v.text)
		c.UnicodeString("Counted", &v.counted)
		c.SID("Sid", &v.sid)
		Array(c, "cList", "pList", 12, &v.list, (*item).layout)
	}
	want := unhex(t, `
		01100800 cccccccc 88000000 00000000   headers; the object has 136 bytes
		00000200                              top level pointer
		04000200 02000400 08000200            lpText; Counted: 2, 4, pointer
		0c000200 02000000 10000200            Sid; cList, pList
		03000000 00000000 03000000            lpText: 3 of 3 units
		6100 6200 0000 0000                   "ab", NUL, alignment
		02000000 00000000 01000000 6300 0000  Counted: 1 of 2 units, "c", alignment
		01000000 01 01 000000000005 20000000  Sid
		02000000                              pList: 2 elements
		00000000 01000000 14000200            no name, 1 byte
		18000200 00000000 00000000            name, no bytes
		01000000 ff 000000                    FF, alignment
		01000000 00000000 01000000 0000       ""
		0000 00000000                         padding to a multiple of 8`)
	got, err := Encode(layout)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%swant\n%s", hex.Dump(got), hex.Dump(want))
	}
	wrote := v
	v.text, v.counted, v.sid, v.list = nil, nil, nil, nil
	if _, err := Decode(want, layout); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(v, wrote) {
		t.Errorf("read %+v, wrote %+v", v, wrote)
	}
}

// unhex reads hexadecimal digits; two blanks begin a comment.
func unhex(t *testing.T, text string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "  ")
		digits.WriteString(strings.ReplaceAll(line, " ", ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wrote := draw(t)
		data, err := Encode(wrote.layout)
		if err != nil {
			t.Fatal(err)
		}
		var read sample
		if wrote.nested != nil {
			read.nested = new(inner)
		}
		notes, err := Decode(data, read.layout)
		if err != nil {
			t.Fatal(err)
		}
		if notes.DirtyPadding != 0 || len(data)%8 != 0 {
			t.Fatalf("%d bytes with padding %+v", len(data), notes)
		}
		read.raw = wrote.raw
		if !reflect.DeepEqual(&read, wrote) {
			t.Fatalf("read %+v, wrote %+v", &read, wrote)
		}
	})
}

func draw(t *rapid.T) *sample {
	text := rapid.Ptr(rapid.StringN(0, 20, -1).Filter(func(s string) bool {
		return !strings.ContainsRune(s, 0) && s == strings.ToValidUTF8(s, "")
	}), true)
	data := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 9))
	s := &sample{
		number:  rapid.Uint32().Draw(t, "number"),
		text:    text.Draw(t, "text"),
		secret:  rapid.SliceOfN(rapid.Uint16Min(1), 0, 9).Draw(t, "secret"),
		counted: text.Draw(t, "counted"),
		bytes:   data.Draw(t, "bytes"),
		inside:  inner{text.Draw(t, "inside"), rapid.Uint32().Draw(t, "value")},
	}
	copy(s.guid[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "guid"))
	if subs := rapid.SliceOfN(rapid.Uint32(), 0, 15).Draw(t, "sub authorities"); rapid.Bool().Draw(t, "sid") {
		s.sid = &SID{authority: rapid.Uint64Max(maxAuthority).Draw(t, "authority"), count: uint8(len(subs))}
		copy(s.sid.sub[:], subs)
	}
	for range rapid.IntRange(0, 4).Draw(t, "items") {
		s.list = append(s.list, item{text.Draw(t, "name"), data.Draw(t, "data")})
	}
	if rapid.Bool().Draw(t, "nested") {
		s.nested = &inner{text.Draw(t, "nested text"), rapid.Uint32().Draw(t, "nested value")}
	}
	return s
}

func TestEveryCutIsAnError(t *testing.T) {
	t.Parallel()
	data, err := Encode(full(t).layout)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		s := sample{nested: new(inner)}
		_, err := Decode(data[:n:n], s.layout)
		if e, is := errors.AsType[*Error](err); !is || e.Offset > n {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		// A cut that keeps the header honest must be found further inside.
		if n >= headerSize && n%8 == 0 {
			cut := bytes.Clone(data[:n])
			cut[8], cut[9] = byte(n-headerSize), byte((n-headerSize)>>8)
			if _, err := Decode(cut, s.layout); err == nil {
				t.Fatalf("cut to %d bytes with a fitting header: no error", n)
			}
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxUnits+1)
	for _, c := range []struct {
		name string
		make func(s *sample)
		path string
	}{
		{"NUL in text", func(s *sample) { s.text = new("a\x00") }, "lpText"},
		{"invalid UTF-8", func(s *sample) { s.counted = new("\xFF") }, "Counted"},
		{"NUL in a secret", func(s *sample) { s.secret = []uint16{1, 0} }, "lpSecret"},
		{"long text", func(s *sample) { s.list[2].name = &long }, "pList[2].lpName"},
		{"long counted text", func(s *sample) { s.counted = &long }, "Counted"},
		{"in a nested stream", func(s *sample) { s.nested.text = new("\x00") }, "pNested.lpText"},
		{"in an embedded structure", func(s *sample) { s.inside.text = new("\x00") }, "Inside.lpText"},
	} {
		s := full(t)
		c.make(s)
		data, err := Encode(s.layout)
		if e, is := errors.AsType[*Error](err); !is || e.Path != c.path || data != nil {
			t.Errorf("%s: %v, %d bytes", c.name, err, len(data))
		}
	}
}

func TestLayoutCanFail(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	layout := func(c Coder) {
		c.Embed("Inside", func(c Coder) {
			c.Fail("ulVersion", why)
			c.Fail("ulOther", errors.New("too late"))
		})
	}
	data, err := Encode(func(Coder) {})
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func() error{
		"read":  func() error { _, err := Decode(data, layout); return err },
		"write": func() error { _, err := Encode(layout); return err },
	} {
		err := run()
		if e, is := errors.AsType[*Error](err); !is || e.Path != "Inside.ulVersion" || !errors.Is(err, why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
