package odj

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// minSecretForm is the length below which masking a string would mask innocent text.
const minSecretForm = 16

// SecretForms returns every text by which the secret of a blob could end up in a log: the blob as given, its base64 with
// and without line breaks, each of its lines, its bytes, and their hex; the longest first, so that a mask does not leave
// the rest of a longer one behind. The data need not be a right blob. Go strings cannot be wiped, so a front end asks for
// them once per operation, for log masks only, and lets them go.
func SecretForms(data []byte) []string {
	text := plainText(data)
	joined := strings.Join(strings.Fields(text), "")
	forms := append([]string{string(data), joined},
		strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })...)
	if raw, _, err := unwrap(data); err == nil {
		encoded := base64.StdEncoding.EncodeToString(raw)
		forms = append(forms, encoded, string(raw), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)))
		clear(raw)
	}
	forms = slices.DeleteFunc(forms, func(s string) bool { return len(s) < minSecretForm })
	slices.Sort(forms)
	forms = slices.Compact(forms)
	slices.SortStableFunc(forms, func(a, b string) int { return len(b) - len(a) })
	return forms
}

// plainText returns the characters of a text form without byte order mark and NULs, and "" for the bytes of a blob.
func plainText(data []byte) string {
	if isBinary(data) {
		return ""
	}
	text, _, err := plain(data)
	if err != nil {
		text = data
	}
	return strings.ReplaceAll(string(text), "\x00", "")
}
