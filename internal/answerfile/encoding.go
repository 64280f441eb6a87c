package answerfile

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// MaxSize is the greatest answer file in bytes that is read or made. Real ones have a few thousand bytes, and 5500 more
// with a join; the largest blob takes 2.8 MiB in UTF-16.
const MaxSize = 4 << 20

// encoding is how the text of a file is stored.
type encoding struct {
	bom   string
	order binary.ByteOrder // of UTF-16; nil for UTF-8
}

var (
	utf8BOM = encoding{bom: "\xEF\xBB\xBF"}
	utf16LE = encoding{bom: "\xFF\xFE", order: binary.LittleEndian}
	utf16BE = encoding{bom: "\xFE\xFF", order: binary.BigEndian}
)

const saveAsUTF8 = "save it as UTF-8 and stage again"

// decode returns the text of a file as UTF-8 without byte order mark, in memory of its own. Encoding it again gives the
// same bytes.
func decode(raw []byte) (text []byte, enc encoding, err error) {
	if len(raw) > MaxSize {
		return nil, enc, refuse(winerr.InvalidParameter,
			"is larger than %d MiB: answer files have a few thousand bytes; use "+
				"another", MaxSize>>20)
	}
	for _, e := range []encoding{utf8BOM, utf16LE, utf16BE} {
		if bytes.HasPrefix(raw, []byte(e.bom)) {
			enc = e
		}
	}
	body := raw[len(enc.bom):]
	if enc.order != nil {
		text, err = decodeWide(body, enc.order)
	} else {
		text, err = bytes.Clone(body), checkNarrow(body)
	}
	if err == nil {
		err = checkDeclared(text, enc)
	}
	if err != nil {
		clear(text)
		return nil, enc, err
	}
	return text, enc, nil
}

func checkNarrow(body []byte) error {
	switch {
	case bytes.IndexByte(body[:min(len(body), 4)], 0) >= 0:
		return refuse(winerr.InvalidParameter, "is UTF-16 without a byte order mark, which XML does not allow: %s",
			saveAsUTF8)
	case !utf8.Valid(body):
		return refuse(winerr.InvalidParameter, "is not in the encoding that it should have (UTF-8 or UTF-16): %s", saveAsUTF8)
	}
	return nil
}

func decodeWide(body []byte, order binary.ByteOrder) ([]byte, error) {
	bad := refuse(winerr.InvalidParameter, "is not valid UTF-16, though its byte order mark says so: %s", saveAsUTF8)
	if len(body)%2 != 0 {
		return nil, bad
	}
	text := make([]byte, 0, len(body)/2*3)
	for i := 0; i < len(body); i += 2 {
		r := rune(order.Uint16(body[i:]))
		if utf16.IsSurrogate(r) {
			if i += 2; i >= len(body) {
				return nil, bad
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(body[i:]))); r == utf8.RuneError {
				return nil, bad
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}

// encode returns the bytes of a file with the given text.
func (e encoding) encode(text []byte) []byte {
	if e.order == nil {
		return slices.Concat([]byte(e.bom), text)
	}
	out := append(make([]byte, 0, len(e.bom)+2*len(text)), e.bom...)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			out = appendUnit(out, e.order, uint16(high))
			r = low
		}
		out = appendUnit(out, e.order, uint16(r))
	}
	return out
}

func appendUnit(out []byte, order binary.ByteOrder, unit uint16) []byte {
	var b [2]byte
	order.PutUint16(b[:], unit)
	return append(out, b[:]...)
}

// declaration is the XML declaration ([XML] 2.8, production 23). Its group is the encoding's name with its quotes.
var declaration = regexp.MustCompile(`^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')` +
	`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*("[A-Za-z][A-Za-z0-9._-]*"|'[A-Za-z][A-Za-z0-9._-]*'))?` +
	`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"yes"|"no"|'yes'|'no'))?[ \t\r\n]*\?>`)

// codePage are encodings of older editors that hold ASCII as it is.
var codePage = regexp.MustCompile(`^(?:us-ascii|ascii|iso-8859-\d\d?|windows-125\d)$`)

// checkDeclared compares what the XML declaration says with how the text is stored. Windows' XML reader refuses a file
// in which the two differ (observed with MSXML: "switch from current encoding to specified encoding not supported").
func checkDeclared(text []byte, enc encoding) error {
	found := declaration.FindSubmatch(text)
	if found == nil {
		return nil // no declaration, or one that scan refuses
	}
	name := strings.ToLower(strings.Trim(string(found[1]), `"'`))
	switch {
	case name == "", enc.order == nil && name == "utf-8", enc.order != nil && name == "utf-16":
		return nil
	case enc.order == nil && codePage.MatchString(name) && !slices.ContainsFunc(text, beyondASCII):
		return nil // ASCII text is the same there
	}
	return refuse(winerr.InvalidParameter, "is not stored in the encoding that its first line names: %s", saveAsUTF8)
}

func beyondASCII(c byte) bool { return c >= utf8.RuneSelf }
