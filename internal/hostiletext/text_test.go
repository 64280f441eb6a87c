package hostiletext_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// The searches find a hostile text as it is, and each of its parts by itself; they find nothing in one that was made plain.
func TestSearches(t *testing.T) {
	t.Parallel()
	evil := hostiletext.In("name")
	for what, text := range map[string]string{
		"whole": evil, "ESC": "a\x1bb", "OSC": "a\u009db", "CR": "a\rb", "C1": "a\u009bb", "bidirectional": "a\u202eb",
		"separator": "a\u2028b", "DEL": "a\x7f", "no UTF-8": "a\xffb", "a forged line": "a\n  FORGED b",
	} {
		if hostiletext.Terminal("before\n"+text+"\nafter\t") == nil {
			t.Errorf("%s is not found in text", what)
		}
		if strings.Contains(text, "\xff") { // encoding/json replaces it
			continue
		}
		for _, value := range []any{text, map[string]any{"a": []string{text}}, map[string]int{text: 1}} {
			document, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if hostiletext.JSON(append([]byte("{}\n"), document...), nil) == nil {
				t.Errorf("%s is not found in %s", what, document)
			}
		}
	}
	plain := plaintext.Line(evil, 0)
	document, err := json.Marshal(map[string]string{"a": plain})
	if err != nil {
		t.Fatal(err)
	}
	if found := append(hostiletext.Terminal("a\t"+plain+"\n"), hostiletext.JSON(document, nil)...); found != nil {
		t.Errorf("found %q in plain text", found)
	}
	for _, none := range []string{"", "{", "{} x"} {
		if hostiletext.JSON([]byte(none), nil) == nil {
			t.Errorf("%q passes for JSON", none)
		}
	}
	document, err = json.Marshal(map[string]any{"keys": []any{map[string]string{"path": evil}}, "path": evil})
	if err != nil {
		t.Fatal(err)
	}
	found := hostiletext.JSON(document, func(at string) bool { return at == "keys.path" })
	if len(found) != 1 || !strings.HasPrefix(found[0], "path: ") {
		t.Errorf("with one skipped: %q", found)
	}
}
