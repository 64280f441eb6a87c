package odj

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"
)

// MaxSize is the greatest input in bytes that Parse looks at. A plain blob has about 2000 bytes, its text form 5500.
const MaxSize = 1 << 20

// Encoding is the form in which a blob was read.
type Encoding string

// The encodings, as facts tell them.
const (
	EncodingBytes  Encoding = "bytes"  // NetProvisionComputerAccount's pProvisionBinData
	EncodingDjoin  Encoding = "djoin"  // UTF-16LE base64: djoin /savefile, Samba savefile=
	EncodingBase64 Encoding = "base64" // plain text, in one line or many: djoin /printblob, AccountData
)

// takeSaved says what to pass instead of the wrong thing.
const takeSaved = "use the file that djoin /savefile wrote, or its text as plain base64"

// unwrap returns the blob's bytes from any of the forms in which it is handed around. The result never shares data's
// memory.
//
//	UTF-16LE with byte order mark, base64, NUL   djoin /savefile, Samba savefile=
//	plain base64, in one line or many            djoin /printblob, AccountData of an answer file, mail
//	the bytes themselves                         NetProvisionComputerAccount's pProvisionBinData
//	base64 of one of these                       Terraform's filebase64(), base64encode(), a Secret's data
//	one line of a text                           all that djoin /printblob prints
//
// A missing NUL, line ends and blanks, UTF-16LE without and UTF-8 with a byte order mark are accepted: editors and
// PowerShell make them, and they cannot mean anything else.
func unwrap(data []byte) (blob []byte, from Encoding, err error) { return unwrapAt(data, 0) }

// maxWraps is how many encodings around a blob's own text are taken off.
const maxWraps = 2

func unwrapAt(data []byte, wraps int) (blob []byte, from Encoding, err error) {
	switch {
	case len(data) == 0:
		return nil, "", noBlob("it is empty; %s", takeSaved)
	case len(data) > MaxSize:
		return nil, "", noBlob("it is larger than 1 MiB; %s", takeSaved)
	case isBinary(data):
		return bytes.Clone(data), EncodingBytes, nil
	}
	data, wide, err := plain(data)
	if err != nil {
		return nil, "", err
	}
	text, err := compact(data, wide)
	if err != nil {
		if text = onlyLine(data, wide); text == nil {
			return nil, "", err
		}
	}
	defer clear(text)
	if blob, err = decode(text); err != nil {
		return nil, "", err
	}
	switch {
	case !isBinary(blob):
		defer clear(blob)
		if wraps == maxWraps {
			return nil, "", noBlob("its base64 text holds something else; %s", takeSaved)
		}
		inner, from, err := unwrapAt(blob, wraps+1)
		if err != nil {
			return nil, "", noBlob("its base64 text holds something else; %s", takeSaved)
		}
		return inner, from, nil
	case wide:
		return blob, EncodingDjoin, nil
	}
	return blob, EncodingBase64, nil
}

// onlyLine returns the one line of a text that is base64 of a blob, as the output of djoin /printblob has it among
// sentences, and nil when there is none or more than one.
func onlyLine(data []byte, wide bool) (found []byte) {
	const shortest = 512 // characters; the smallest blob has more
	if wide {
		data = narrowed(data)
		defer clear(data)
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) < shortest {
			continue
		}
		text := blobText(line)
		if text == nil {
			continue
		}
		if found != nil { // two blobs: which one is meant cannot be told
			clear(found)
			clear(text)
			return nil
		}
		found = text
	}
	return found
}

// narrowed returns UTF-16LE as one byte for each character; what is no ASCII, and so of no blob, becomes a question mark.
func narrowed(data []byte) []byte {
	out := make([]byte, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		char := byte('?')
		if data[i+1] == 0 && data[i] < utf8.RuneSelf {
			char = data[i]
		}
		out = append(out, char)
	}
	return out
}

// blobText returns a line's base64 when it is that of a blob.
func blobText(line []byte) []byte {
	text, err := compact(line, false)
	if err != nil {
		return nil
	}
	blob, err := decode(text)
	defer clear(blob)
	if err != nil || !isBinary(blob) {
		clear(text)
		return nil
	}
	return text
}

// decode returns the bytes of base64 without blanks.
func decode(text []byte) ([]byte, error) {
	blob := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(blob, text)
	if err != nil {
		clear(blob)
		// The error's text holds no content, but its position counts only what compact left.
		return nil, noBlob("its base64 text is cut off, or characters are missing; %s", takeSaved)
	}
	return blob[:n], nil
}

// isBinary tells the bytes of a stream, which start with a small version number, from every kind of text.
func isBinary(data []byte) bool { return len(data) > 0 && data[0] < '\t' && data[0] > 0 }

// Byte order marks.
var (
	bomUTF16LE = []byte{0xFF, 0xFE}
	bomUTF16BE = []byte{0xFE, 0xFF}
	bomUTF8    = []byte{0xEF, 0xBB, 0xBF}
)

// plain removes the byte order mark and tells whether a character has two bytes. It names what people confuse with a
// blob.
func plain(data []byte) (text []byte, wide bool, err error) {
	switch {
	case bytes.HasPrefix(data, bomUTF16LE):
		data, wide = data[len(bomUTF16LE):], true
	case bytes.HasPrefix(data, bomUTF16BE):
		return nil, false, noBlob("it is UTF-16 in big endian order; save it as UTF-16LE, as djoin does")
	case bytes.HasPrefix(data, bomUTF8):
		data = data[len(bomUTF8):]
	case len(data) >= 2 && data[0] != 0 && data[1] == 0:
		wide = true
	}
	if wide && len(data)%2 != 0 {
		return nil, false, noBlob("it is UTF-16 text with an odd number of bytes, so it is cut off; %s", takeSaved)
	}
	if bytes.HasPrefix(data, []byte("<")) {
		return nil, false, noBlob("it is XML; use only the text inside AccountData")
	}
	if bytes.HasPrefix(data, []byte("age-encryption.org/")) || bytes.HasPrefix(data, []byte("-----BEGIN AGE")) {
		return nil, false, noBlob("it is encrypted with age; decrypt it first")
	}
	return data, wide, nil
}

// compact returns the base64 characters of text without blanks, line ends and final NULs.
func compact(text []byte, wide bool) ([]byte, error) {
	step := 1
	if wide {
		step = 2
	}
	out := make([]byte, 0, len(text)/step)
	ended := false // a NUL was seen
	for i := 0; i < len(text); i += step {
		char := uint16(text[i])
		if wide {
			char = binary.LittleEndian.Uint16(text[i:])
		}
		switch {
		case char == ' ' || char == '\t' || char == '\r' || char == '\n':
		case char == 0:
			ended = true
		case ended || !isBase64(char):
			clear(out)
			return nil, noBlob("character %d of its text does not belong to base64; %s", i/step+1, takeSaved)
		default:
			out = append(out, byte(char))
		}
	}
	if len(out) == 0 {
		return nil, noBlob("it is empty; %s", takeSaved)
	}
	return out, nil
}

func isBase64(char uint16) bool {
	switch {
	case char >= 'A' && char <= 'Z', char >= 'a' && char <= 'z', char >= '0' && char <= '9':
		return true
	}
	return char == '+' || char == '/' || char == '='
}

// djoinFile returns blob in the exact form that djoin /savefile writes.
func djoinFile(blob []byte) []byte {
	size := base64.StdEncoding.EncodedLen(len(blob))
	out := make([]byte, len(bomUTF16LE)+2*size+2)
	n := copy(out, bomUTF16LE)
	// The text goes to the second half of its place and is widened from the front, so that it needs no memory of its
	// own.
	text := out[n+size : n+2*size]
	base64.StdEncoding.Encode(text, blob)
	for i := range size {
		char := text[i]
		out[n+2*i], out[n+2*i+1] = char, 0
	}
	return out
}
