package options_test

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// encodings returns one blob in the encodings that exist (docs/internals/odj-blob.md §1).
func encodings() (raw []byte, text string, all map[string][]byte) {
	raw = append([]byte{0x01, 0x10, 0x08, 0x00, 0xCC, 0xCC, 0xCC, 0xCC}, []byte("not a real blob, but long "+
		"enough for lines of base64 that break twice or more, as the MIME kind does, and then some more")...)
	text = base64.StdEncoding.EncodeToString(raw)
	lines := text[:76] + "\r\n" + text[76:152] + "\r\n" + text[152:] + "\r\n"
	wide := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text + "\x00")) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	return raw, text, map[string][]byte{
		"bytes": raw, "text": []byte(text), "newline": []byte(text + "\n"), "lines": []byte(lines), "djoin": wide,
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	_, text, all := encodings()
	for name, blob := range all {
		if got := options.Text(blob); got != text {
			t.Errorf("%s: Text = %q, want %q", name, got, text)
		}
	}
}

func TestSpellingsCoverEveryEncoding(t *testing.T) {
	t.Parallel()
	raw, text, all := encodings()
	for name, blob := range all {
		got := options.Spellings(blob)
		for _, want := range []string{string(blob), text, string(raw), hex.EncodeToString(raw)} {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no spelling %q", name, want)
			}
		}
		if !slices.IsSortedFunc(got, func(a, b string) int { return len(b) - len(a) }) {
			t.Errorf("%s: a longer spelling comes after a shorter one", name)
		}
	}
	if got := options.Spellings(all["lines"]); !slices.Contains(got, text[:76]) {
		t.Error("the lines of a blob with line breaks are no spellings")
	}
}

func TestSpellingsMaskNoInnocentText(t *testing.T) {
	t.Parallel()
	for _, blob := range []string{"", "\n", "WEB01", strings.Repeat("a\n", 50)} {
		for _, s := range options.Spellings([]byte(blob)) {
			if len(s) < 16 {
				t.Errorf("Spellings(%q) has %q", blob, s)
			}
		}
	}
}

func FuzzSpellings(f *testing.F) {
	_, _, all := encodings()
	for _, blob := range all {
		f.Add(blob)
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		if len(blob) >= 16 && !slices.Contains(options.Spellings(blob), string(blob)) {
			t.Error("the blob as given is no spelling")
		}
	})
}
