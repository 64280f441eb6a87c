package regf

import "testing"

// A dump escapes what acts on a terminal or reorders text, and nothing else.
func TestEscaped(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Setup": "Setup", "日本 é \ue000": "日本 é \ue000", "a\tb\x00": `a\x09b\x00`, "\x1b]0;x\x07": `\x1B]0;x\x07`,
		"\x7f\u0085\u009b31m": `\x7F\x85\x9B31m`, "\u202eexe\u2066": `\u{202E}exe\u{2066}`, "\u00ad": `\xAD`,
		"\u2028\u2029\u200b": `\u{2028}\u{2029}\u{200B}`,
	} {
		if got := escaped(name); got != want {
			t.Errorf("escaped(%q) = %q, want %q", name, got, want)
		}
	}
}
