package canary_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/canary"
)

// passwords are as djoin and Windows choose them, and as Samba does: mostly private and Chinese characters.
func passwords() map[string][]uint16 {
	wide := make([]uint16, 120)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range wide {
		wide[i] = uint16(0x4E00 + r.IntN(0x5000))
	}
	ascii := utf16.Encode([]rune(`x_F9"$ k-Q[8+vR,3m<T>&w2{Y}z7\p/4:J;d0!uE^5~a%c1(b)G*6h@L#n=o?i|S'A` + "`M"))
	return map[string][]uint16{"ASCII": ascii, "wide": wide}
}

func utf16le(units []uint16) []byte {
	var out []byte
	for _, u := range units {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// widen makes UTF-16LE of ASCII.
func widen(s string) string { return string(utf16le(utf16.Encode([]rune(s)))) }

func wrap(s string, at int) string {
	var lines []string
	for chunk := range slices.Chunk([]byte(s), at) {
		lines = append(lines, string(chunk))
	}
	return strings.Join(lines, "\r\n")
}

// forms are the ways in which bytes could get out.
func forms(secret []byte) map[string]string {
	out := map[string]string{
		"as they are":    string(secret),
		"hex":            hex.EncodeToString(secret),
		"upper hex":      strings.ToUpper(hex.EncodeToString(secret)),
		"spaced hex":     fmt.Sprintf("% x", secret),
		"0x hex":         fmt.Sprintf("%# x", secret),
		"comma hex":      strings.ReplaceAll(fmt.Sprintf("% x", secret), " ", ","),
		"colon hex":      strings.ReplaceAll(fmt.Sprintf("% X", secret), " ", ":"),
		"regedit's hex":  wrap(strings.ReplaceAll(fmt.Sprintf("% x", secret), " ", ","), 75),
		"decimal":        fmt.Sprint(secret),
		"JSON numbers":   strings.ReplaceAll(fmt.Sprint(secret), " ", ", "),
		"Go syntax":      fmt.Sprintf("%#v", secret),
		"Go string":      strconv.Quote(string(secret)),
		"Go ASCII":       strconv.QuoteToASCII(string(secret)),
		"JSON of base64": asJSON(secret),
	}
	for shift := range 3 {
		shifted := append(bytes.Repeat([]byte{'#'}, shift), secret...)
		std := base64.StdEncoding.EncodeToString(shifted)
		at := fmt.Sprint(" at ", shift)
		out["base64"+at] = std
		out["URL base64"+at] = base64.RawURLEncoding.EncodeToString(shifted)
		out["wrapped base64"+at] = wrap(std, 76)
		out["djoin's base64"+at] = "\xFF\xFE" + widen(std) + "\x00\x00"
	}
	return out
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestEverySpellingIsFound(t *testing.T) {
	t.Parallel()
	for kind, password := range passwords() {
		text := string(utf16.Decode(password))
		blob := make([]byte, 1568)
		for i := range blob {
			blob[i] = byte(i * i >> 3)
		}
		search := canary.ForBlob(blob, password)
		all := map[string]string{
			"JSON text":      asJSON(map[string]string{"p": text}),
			"escaped JSON":   strings.Trim(strconv.QuoteToASCII(text), `"`),
			"units":          fmt.Sprint(password),
			"hex units":      fmt.Sprintf("%04x", password),
			"short units":    fmt.Sprintf("%x", password),
			"Go units":       fmt.Sprintf("%#v", password),
			"characters":     fmt.Sprintf("%c", password),
			"in a sentence":  "the password " + text + " is wrong",
			"part of base64": base64.StdEncoding.EncodeToString(blob)[500:1500],
			"part of hex":    hex.EncodeToString(blob)[1000:2100],
			"half of it":     string(utf16le(password[:len(password)/2])),
			"72 bytes":       hex.EncodeToString(utf16le(password)[31 : 31+72]),
			"36 units":       fmt.Sprint(password[5 : 5+36]),
		}
		for name, secret := range map[string][]byte{"UTF-8": []byte(text), "UTF-16": utf16le(password), "blob": blob} {
			for form, written := range forms(secret) {
				all[name+" "+form] = written
			}
		}
		for form, written := range all {
			if found := search.In([]byte("before\n" + written + "\nafter")); len(found) == 0 {
				t.Errorf("%s password: %s is not found", kind, form)
			}
		}
	}
}

func TestInnocentContentIsNotSuspected(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for kind, password := range passwords() {
		search := canary.ForBlob(bytes.Repeat([]byte(widen("dc1.corp.example.com ")), 60), password)
		for name, content := range map[string][]byte{
			"nothing": nil, "noise": noise, "hex": []byte(hex.EncodeToString(noise)), "zeros": make([]byte, 1<<16),
			"names":  []byte("dc1.corp.example.com is the controller of corp.example.com dc1.corp.example.com"),
			"base64": []byte(base64.StdEncoding.EncodeToString(noise)), "numbers": fmt.Append(nil, noise[:1<<16]),
		} {
			if found := search.In(content); found != nil {
				t.Errorf("%s password: %v is found in %s", kind, found, name)
			}
		}
	}
}

func TestATreeIsSearchedToItsLeaves(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery-staple"
	root := t.TempDir()
	for name, content := range map[string]string{
		"deep/er/leaks": "x" + secret, "clean": "nothing", "deep/" + secret: "", "skipped/leaks": secret,
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	search := canary.For(map[string][]byte{"secret": []byte(secret)})
	found, files, err := search.InTree(root, func(path string) bool { return filepath.Base(path) == "skipped" })
	if err != nil || files != 3 {
		t.Errorf("%d files, %v; want 3", files, err)
	}
	for _, name := range []string{"deep/er/leaks", "deep/" + secret} {
		if len(found[filepath.Join(root, name)]) == 0 {
			t.Errorf("nothing is found in %s", name)
		}
	}
	if len(found) != 2 {
		t.Errorf("found %v, want 2 places", found)
	}
}

func TestTwoSearchesTogether(t *testing.T) {
	t.Parallel()
	one, two := map[string][]byte{"1": []byte("first-secret")}, map[string][]byte{"2": []byte("second-secret")}
	found := canary.For(one).And(canary.For(two)).In([]byte("first-secret SECOND-SECRET"))
	if len(found) < 2 {
		t.Errorf("found %q", found)
	}
}
