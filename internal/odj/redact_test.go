package odj

import (
	"bytes"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
)

// secretSearch knows the fixtures' password and the bytes of their blob in all spellings.
var secretSearch = sync.OnceValue(func() *canary.Search {
	blob, err := Compose(webJoin())
	if err != nil {
		panic(err)
	}
	return canary.ForBlob(blob.Bytes(), units(testPassword))
})

func showsNoSecret(t *testing.T, where, text string) {
	t.Helper()
	if found := secretSearch().In([]byte(text)); found != nil {
		t.Errorf("%s shows %q: %s", where, found, text)
	}
}

func TestSearchFindsTheSecret(t *testing.T) {
	t.Parallel()
	blob := webBlob(t)
	for name, text := range map[string]string{
		"bytes":   string(blob.Bytes()),
		"base64":  blob.AccountData(),
		"hex":     hex.EncodeToString(blob.Bytes()),
		"decimal": fmt.Sprint(blob.Bytes()),
		"UTF-8":   "x" + testPassword + "y",
	} {
		if secretSearch().In([]byte(text)) == nil {
			t.Errorf("%s: the search is blind", name)
		}
	}
}

// shown are values that hold the secret in every way a program may hold them.
func shown(t *testing.T) map[string]any {
	t.Helper()
	b, j := webBlob(t), webJoin()
	return map[string]any{
		"pointer":           b,
		"value":             *b,
		"pointer's pointer": &b,
		"slice":             []*Blob{b},
		"slice of values":   []Blob{*b},
		"map":               map[string]*Blob{"b": b},
		"map of values":     map[string]Blob{"b": *b},
		"field":             struct{ B *Blob }{b},
		"field's value":     struct{ B Blob }{*b},
		"hidden field":      struct{ b *Blob }{b},
		"hidden value":      struct{ b Blob }{*b},
		"interface":         struct{ V any }{*b},
		"facts":             b.Facts(),
		"findings":          b.Findings(),
		"password":          j.Password,
		"secret bytes":      SecretBytes(testPassword),
		"certificate":       PFX{Template: "Machine", File: SecretBytes(testPassword)},
		"policy":            Policy{Values: []PolicyValue{{Key: "K", Data: SecretBytes(testPassword)}}},
		"join":              j,
		"join's pointer":    &j,
		"joins":             []Join{j},
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	for name, v := range shown(t) {
		for _, verb := range []string{
			"%v", "%+v", "%#v", "%s", "%+s", "%#s", "%q", "%+q", "%#q", "%x", "%X", "% x",
			"%#x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%g", "%f", "%p", "%T", "%w", "%99v", "%.3v",
			"%-10s", "%!",
		} {
			if fmtCallsNoMethods(verb) && plainValue(v) {
				continue // as Password's documentation says
			}
			showsNoSecret(t, name+" "+verb, fmt.Sprintf(verb, v))
		}
		showsNoSecret(t, name+" Sprint", fmt.Sprint(v))
		showsNoSecret(t, name+" Errorf", fmt.Errorf("wrapped: %v %+v", v, v).Error())
	}
	if b := webBlob(t); !strings.Contains(b.String(), "WEB01 in corp.example.com, password (secret)") ||
		fmt.Sprintf("%d", b) != b.String() || fmt.Sprintf("%#v", *b) != b.GoString() ||
		fmt.Sprintf("%q", b) == b.String() {
		t.Errorf("it prints as %s and %#v", b, b)
	}
	p := webJoin().Password
	if p.String() != "(secret)" || p.GoString() != "(secret)" {
		t.Errorf("a password is shown as %s and %s", p.String(), p.GoString())
	}
	if got := fmt.Sprintf("%v %s %d %x %#v", p, p, p, p, p); got != "(secret) (secret) (secret) (secret) (secret)" {
		t.Errorf("a password prints as %s", got)
	}
}

func fmtCallsNoMethods(verb string) bool { return verb == "%p" || verb == "%w" }

func plainValue(v any) bool {
	switch v.(type) {
	case Password, SecretBytes, PFX, Policy, Join, *Join, []Join:
		return true
	}
	return false
}

func TestMarshallingShowsNoSecret(t *testing.T) {
	t.Parallel()
	for name, v := range shown(t) {
		if out, err := json.Marshal(v); err == nil {
			showsNoSecret(t, name+" JSON", string(out))
		}
		if out, err := json.MarshalIndent(v, "", "\t"); err == nil {
			showsNoSecret(t, name+" indented JSON", string(out))
		}
		if out, err := xml.Marshal(v); err == nil {
			showsNoSecret(t, name+" XML", string(out))
		}
		if m, ok := v.(encoding.TextMarshaler); ok {
			out, err := m.MarshalText()
			if err != nil || len(out) == 0 {
				t.Errorf("%s: MarshalText: %q, %v", name, out, err)
			}
			showsNoSecret(t, name+" text", string(out))
		}
	}
	var facts map[string]any
	out, err := json.Marshal(webBlob(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &facts); err != nil {
		t.Fatal(err)
	}
	if facts["machine_password"] != "(secret)" || facts["machine_name"] != "WEB01" || facts["schema_version"] != 1.0 {
		t.Errorf("JSON is %s", out)
	}
}

func TestFactsShowNoKeysAndNoData(t *testing.T) {
	t.Parallel()
	b := parsed(t, encoded(t, fullTree(t)))
	out := asJSON(t, b) + fmt.Sprintf("%+v", b.Facts())
	showsNoSecret(t, "facts", out)
	hidden := canary.For(map[string][]byte{"key": []byte("pfx-secret-key"), "part": []byte("unknown content")})
	if found := hidden.In([]byte(out)); found != nil || strings.Contains(out, "more") {
		t.Errorf("facts show %q or an extension: %s", found, out)
	}
	if !strings.Contains(out, `"size":14`) || !strings.Contains(out, `"key":"Software\\Policies\\X"`) {
		t.Errorf("facts are %s", out)
	}
}

func TestFactsCannotActOnATerminal(t *testing.T) {
	t.Parallel()
	tree := fullTree(t)
	collectionOf(tree).parts[4].policies.lists[0].source = new("a\x1b[2Jb\u202e")
	f := parsed(t, encoded(t, tree)).Facts()
	if got := f.Policies[0].Source; got != "a\uFFFD[2Jb\uFFFD" {
		t.Errorf("the source is shown as %q", got)
	}
}

func TestLoggingShowsNoSecret(t *testing.T) {
	t.Parallel()
	for name, v := range shown(t) {
		var out bytes.Buffer
		options := &slog.HandlerOptions{Level: slog.LevelDebug}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, options), slog.NewJSONHandler(&out, options)} {
			slog.New(h).Debug("parsed", "value", v, slog.Group("group", "value", v))
		}
		if !strings.Contains(out.String(), "parsed") {
			t.Fatal("nothing was logged")
		}
		showsNoSecret(t, name+" slog", out.String())
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "blob", webBlob(t))
	if !strings.Contains(out.String(), "blob.machine_name=WEB01") || !strings.Contains(out.String(), "(secret)") {
		t.Errorf("logged as %s", out.String())
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	good := encoded(t, fullTree(t))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x55
		if _, err := Parse(bad); err != nil {
			showsNoSecret(t, "the error", err.Error())
			showsNoSecret(t, "the error", fmt.Sprintf("%+v %#v", err, err))
		}
		if _, err := Parse(good[:i]); err != nil {
			showsNoSecret(t, "the error", err.Error())
		}
	}
	for name, j := range map[string]Join{"bad name": {MachineName: "A:B", Password: units(testPassword)}, "empty": {
		MachineName: "A", Password: units(testPassword),
	}} {
		if _, err := Compose(j); err == nil {
			t.Errorf("%s: composed", name)
		} else {
			showsNoSecret(t, name, err.Error())
		}
	}
}

func TestWipe(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*Blob{"composed": webBlob(t), "parsed": parsed(t, encoded(t, fullTree(t)))} {
		text, fingerprint, facts := b.String(), b.Fingerprint(), asJSON(t, b)
		raw, password := b.Bytes(), b.MachinePassword()
		second := b.open().parts[0].win7.password
		pieces := [][]byte{b.open().tree.blobs[0].raw, b.open().tree.blobs[1].raw, b.open().parts[0].raw}
		b.Wipe()
		for _, piece := range append(pieces, raw) {
			if len(piece) == 0 || len(bytes.Trim(piece, "\x00")) > 0 {
				t.Errorf("%s: bytes are left", name)
			}
		}
		for _, u := range append(password, second...) {
			if u != 0 {
				t.Errorf("%s: a password's unit is left", name)
			}
		}
		if b.Bytes() != nil || b.MachinePassword() != nil || b.DjoinFile() != nil || b.AccountData() != "" {
			t.Errorf("%s: something secret can still be had", name)
		}
		if b.String() != text || b.Fingerprint() != fingerprint || asJSON(t, b) != facts {
			t.Errorf("%s: something that is not secret is gone", name)
		}
		b.Wipe()
	}
}

func TestZeroBlob(t *testing.T) {
	t.Parallel()
	var none *Blob
	none.Wipe()
	for _, b := range []*Blob{{}, none} {
		if b.MachineName() != "" || b.Bytes() != nil || b.MachinePassword() != nil || b.DjoinFile() != nil ||
			b.AccountData() != "" || b.Findings() != nil || b.DomainSID() != "" || b.Rid() != 0 ||
			b.JoinProvider2() != nil {
			t.Errorf("it holds something: %v", b)
		}
	}
	if got := fmt.Sprintf("%v %#v", Blob{}, none); got != "empty blob <nil>" && !strings.HasPrefix(got, "empty blob") {
		t.Errorf("it prints as %s", got)
	}
}
