package odj

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// utf16le returns text as UTF-16LE.
func utf16le(text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

func TestTextForms(t *testing.T) {
	t.Parallel()
	b := webBlob(t)
	text := b.AccountData()
	bom := "\uFEFF"
	for name, data := range map[string][]byte{
		"bytes":                     b.Bytes(),
		"djoin file":                b.DjoinFile(),
		"djoin file with CR LF":     append(b.DjoinFile(), '\r', 0, '\n', 0),
		"UTF-16LE, BOM, no NUL":     utf16le(bom + text),
		"UTF-16LE, BOM, CR LF, NUL": utf16le(bom + text + "\r\n\x00"),
		"UTF-16LE, no BOM":          utf16le(text),
		"UTF-16LE, no BOM, NUL":     utf16le(text + "\x00"),
		"UTF-16LE, wrapped":         utf16le(bom + string(wrapped([]byte(text), 76, "\r\n"))),
		"ASCII":                     []byte(text),
		"ASCII, newline":            []byte(text + "\n"),
		"ASCII, NUL":                []byte(text + "\x00"),
		"ASCII, wrapped":            wrapped([]byte(text), 76, "\n"),
		"ASCII, indented":           wrapped([]byte("\n    "+text), 64, "\n    "),
		"UTF-8 BOM":                 []byte(bom + text),
		"UTF-8 BOM, newline, NULs":  []byte(bom + text + "\n\x00\x00"),
		"filebase64 of djoin file":  []byte(base64.StdEncoding.EncodeToString(b.DjoinFile())),
		"base64 of base64":          []byte(base64.StdEncoding.EncodeToString([]byte(text + "\n"))),
		"base64, twice around":      []byte(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(text))))),
		"printblob's output, UTF-16": utf16le(bom + "\r\nDie Bereitstellung läuft…\r\nProvision string (2208 bytes):\r\n" + text +
			"\r\n\r\nThe computer was provisioned successfully.\r\n"),
		"printblob's output": []byte("\r\nProvisioning the computer...\r\nProvision string (2208 bytes):\r\n" + text +
			"\r\n\r\nThe computer was provisioned successfully.\r\n"),
	} {
		before := bytes.Clone(data)
		got, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Fingerprint() != b.Fingerprint() || !bytes.Equal(got.Bytes(), b.Bytes()) {
			t.Errorf("%s is another blob", name)
		}
		got.Wipe()
		if !bytes.Equal(data, before) {
			t.Errorf("%s: the input was changed", name)
		}
	}
}

func encodedOften(text string, times int) string {
	for range times {
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	return text
}

func TestWhatIsNoBlob(t *testing.T) {
	t.Parallel()
	text := webBlob(t).AccountData()
	for _, c := range []struct {
		name, data, text string
	}{
		{"empty", "", "empty"},
		{"only a byte order mark", "\xFF\xFE", "empty"},
		{"only blanks", " \r\n\t", "empty"},
		{"only NULs", "\x00\x00\x00", "empty"},
		{"bad character", text[:500] + "*" + text[501:], "character 501 of"},
		{"bad character, UTF-16", string(utf16le("\uFEFF" + text[:500] + "ő" + text[501:])), "character 501 of"},
		{"character missing", text[:500] + text[501:], "cut off, or characters are missing"},
		{"padding missing", strings.TrimRight(text, "="), "cut off, or characters are missing"},
		{"padding inside", text[:500] + "=" + text[501:], "cut off, or characters are missing"},
		{"NUL inside", text[:500] + "\x00" + text[500:], "character 502 of"},
		{"URL alphabet", strings.Replace(text, text[20:21], "_", 1), "does not belong to base64"},
		{"UTF-16BE", "\xFE\xFF\x00A\x00R", "big endian"},
		{"UTF-16 cut", string(utf16le("\uFEFF" + text)[:999]), "odd number of bytes"},
		{"other base64", "SGVsbG8sIHdvcmxkIQ==", "holds something else"},
		{"base64, too often", encodedOften(text, 4), "holds something else"},
		{"two blobs in sentences, UTF-16", string(utf16le("\uFEFFone: \n" + text + "\ntwo:\n" + text + "\n")), "does not belong to base64"},
		{"two blobs in sentences", "one: \n" + text + "\ntwo:\n" + text + "\n", "does not belong to base64"},
		{"XML", "<AccountData>" + text + "</AccountData>", "only the text inside AccountData"},
		{"XML in UTF-16", string(utf16le("\uFEFF<unattend/>")), "only the text inside AccountData"},
		{"age", "age-encryption.org/v1\n-> X25519 …", "decrypt it first"},
		{"age armor", "-----BEGIN AGE ENCRYPTED FILE-----\n", "decrypt it first"},
		{"file name", "secrets/web01.djoin", "does not belong to base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.name == "padding missing" && !strings.HasSuffix(text, "=") {
				t.Fatal("the fixture has no padding")
			}
			_, err := Parse([]byte(c.data))
			verdict(t, err, winerr.InvalidParameter, c.text)
		})
	}
}

func TestDjoinFile(t *testing.T) {
	t.Parallel()
	b := webBlob(t)
	want := utf16le("\uFEFF" + b.AccountData() + "\x00")
	if got := b.DjoinFile(); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}
