package options

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// minSpelling is the length below which masking a string would mask innocent text.
const minSpelling = 16

// Spellings returns every text by which the secret of a blob could end up in a log: the blob as given, its base64 with
// and without line breaks, each of its lines, its bytes, and their hex. They are for log masks only. Go strings cannot
// be wiped, so a front end asks for them once per operation and lets them go.
func Spellings(blob []byte) []string {
	text := Text(blob)
	found := []string{string(blob), text}
	found = append(found, strings.FieldsFunc(plain(blob), func(r rune) bool { return r == '\n' || r == '\r' })...)
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		found = append(found, string(raw), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)))
		clear(raw)
	}
	found = slices.DeleteFunc(found, func(s string) bool { return len(s) < minSpelling })
	slices.Sort(found)
	found = slices.Compact(found)
	// The longest first, so that a mask does not leave the rest of a longer spelling behind.
	slices.SortStableFunc(found, func(a, b string) int { return len(b) - len(a) })
	return found
}

// Text returns the blob as one line of base64, whatever encoding it has: what a front end that knows only strings can
// hand on. It checks nothing; the core does.
func Text(blob []byte) string {
	if isBinary(blob) {
		return base64.StdEncoding.EncodeToString(blob)
	}
	return strings.Join(strings.Fields(plain(blob)), "")
}

// plain returns the text of a blob file: UTF-16LE (as djoin writes it) or ASCII, without byte order mark and NULs.
func plain(blob []byte) string {
	if isBinary(blob) {
		return ""
	}
	b := bytes.TrimPrefix(bytes.TrimPrefix(blob, []byte{0xFF, 0xFE}), []byte{0xEF, 0xBB, 0xBF})
	return strings.ReplaceAll(string(b), "\x00", "")
}

// isBinary reports whether the blob is NDR bytes: they begin with the common type header, version 1, little endian,
// length 8 ([MS-RPCE] 2.2.6.1).
func isBinary(blob []byte) bool { return bytes.HasPrefix(blob, []byte{0x01, 0x10, 0x08, 0x00}) }
