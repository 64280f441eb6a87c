package winetest

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func TestContainsFindsEveryForm(t *testing.T) {
	t.Parallel()
	var secret []byte
	for i := range 200 {
		secret = append(secret, byte(i*7+1))
	}
	wide := func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	comma := commaHex(secret)
	forms := map[string]string{
		"raw":          "x" + string(secret),
		"half of it":   string(secret[90:150]),
		"hex":          hex.EncodeToString(secret),
		"upper hex":    strings.ToUpper(hex.EncodeToString(secret)),
		"commas":       `"x"=hex:` + comma,
		"broken lines": `"x"=hex:` + strings.ReplaceAll(comma, ",a", ",\\\n  a"),
		"base64":       base64.StdEncoding.EncodeToString(secret),
		"wide base64":  wide(base64.StdEncoding.EncodeToString(secret)),
	}
	for name, content := range forms {
		if !contains([]byte(content), encodings(secret)) {
			t.Errorf("%s: not found", name)
		}
	}
	other := strings.Repeat("00,", 200) + "plain"
	if contains([]byte(other), encodings(secret)) {
		t.Error("found where it is not")
	}
}
