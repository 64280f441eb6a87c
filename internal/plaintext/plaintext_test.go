package plaintext_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "WIN-7Q2K", "WIN-7Q2K"},
		{"accents stay", "Zürich 東京 🖥", "Zürich 東京 🖥"},
		{"terminal title", "\x1b]0;owned\x07x", "�]0;owned�x"},
		{"C1 control", "a\u009b31mb", "a�31mb"},
		{"line breaks", "a\r\nb", "a��b"},
		{"separators", "a\u2028b\u2029c", "a�b�c"},
		{"bidirectional", "\u202eexe.txt\u2066", "�exe.txt�"},
		{"zero width", "a\u200bb\ufeffc", "a�b�c"},
		{"tab and spaces", "a\tb\u00a0c\u3000d", "a b c d"},
		{"private use", "\ue000", "�"},
		{"bad UTF-8", "a\xffb\xc3", "a�b�"},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := plaintext.Line(c.in, plaintext.Name); got != c.want {
				t.Errorf("Line(%q) = %q, want %q", c.in, got, c.want)
			}
			if safe := plaintext.Safe(c.in); safe != (c.in == c.want) {
				t.Errorf("Safe(%q) = %v", c.in, safe)
			}
		})
	}
}

func TestLineCutsBetweenRunes(t *testing.T) {
	t.Parallel()
	if got, want := plaintext.Line("äöüß", 3), "äöü…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := plaintext.Line("äöü", 3), "äöü"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if long := strings.Repeat("x", 5000); plaintext.Line(long, 0) != long {
		t.Error("a limit of 0 cuts")
	}
}

func FuzzLine(f *testing.F) {
	f.Add("\x1b[31mred\u202e", 3)
	f.Add("a…b", 2)
	f.Add("\xff\xfe", 10)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := plaintext.Line(s, limit)
		if !utf8.ValidString(got) {
			t.Fatalf("Line(%q) is no UTF-8: %q", s, got)
		}
		for _, r := range got {
			if r != unicode.ReplacementChar && !unicode.IsPrint(r) {
				t.Fatalf("Line(%q) holds %U", s, r)
			}
		}
		if n := utf8.RuneCountInString(got); limit >= 1 && n > limit+1 {
			t.Fatalf("Line(%q, %d) has %d runes", s, limit, n)
		}
		if !plaintext.Safe(got) {
			t.Fatalf("Line(%q) = %q is not safe", s, got)
		}
		if again := plaintext.Line(got, limit); again != got {
			t.Fatalf("Line is not idempotent: %q, then %q", got, again)
		}
	})
}
