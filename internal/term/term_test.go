package term_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/term"
)

// TestNoTerminal: a file, a device that is no terminal and a buffer are none, have no colours, and as wide a line as is
// asked for.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, stream := range map[string]io.Writer{
		"null device": null, "file": file, "buffer": &bytes.Buffer{}, "discard": io.Discard, "nil file": (*os.File)(nil),
	} {
		if term.IsTerminal(stream) || term.TakesANSI(stream) || term.NewPainter(stream).On() {
			t.Errorf("%s: taken for a terminal", name)
		}
		if n := term.Width(stream, 100); n != 100 {
			t.Errorf("%s: %d characters wide", name, n)
		}
	}
}

// written returns what is printed.
func written(print func(io.Writer)) string {
	var b bytes.Buffer
	print(&b)
	return b.String()
}

func TestWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		print func(io.Writer)
		want  string
	}{
		{"facts", func(w io.Writer) {
			term.WriteFacts(w, term.Fact{Name: "Name", Value: "WEB01"}, term.Fact{Name: "Nothing"},
				term.Fact{Name: "Member of", Value: "no domain"})
		}, "Name        WEB01\nMember of   no domain\n"},
		{"sections", func(w io.Writer) {
			term.WriteSections(w, []term.Section{
				{Title: "Empty", Facts: []term.Fact{{Name: "Nothing"}}},
				{Title: "Notes", Facts: []term.Fact{{Value: "without names"}}},
				{Title: "Short", Facts: []term.Fact{{Name: "Zürich", Value: "1"}, {Value: "a line"}}},
				{Title: "Long", Facts: []term.Fact{{Name: "sixteen letters!", Value: "2"}, {Name: "a", Value: "3"}}},
			})
		}, "\nNotes\n  without names\n\nShort\n  Zürich          1\n  a line\n\nLong\n  sixteen letters!  2\n  a                 3\n"},
		{"rows", func(w io.Writer) {
			term.WriteRows(w, []term.Row{
				{Subject: `SYSTEM\Setup`}, // no mark is Same
				{Mark: term.Added, Subject: "  State", Kind: "REG_SZ", Value: "staged"},
				{Mark: term.Modified, Subject: "  SetupType", Kind: "REG_DWORD", Value: "0 → 2"},
			})
		}, "    SYSTEM\\Setup\n  +   State       REG_SZ     staged\n  ~   SetupType   REG_DWORD  0 → 2\n"},
		{"no rows", func(w io.Writer) { term.WriteRows(w, nil) }, ""},
		{"table", func(w io.Writer) {
			table := term.NewTable("JOIN", "RESULT")
			table.Add(term.Added, "join.web", "staged")
			table.Add(term.Removed, "join.b", "failed\nfor good")
			table.Write(w)
		}, "JOIN      RESULT\njoin.web  staged\njoin.b    failed for good\n"},
		{"table without lines", func(w io.Writer) { term.NewTable("JOIN", "RESULT").Write(w) }, "JOIN  RESULT\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := written(c.print); got != c.want {
				t.Errorf("printed\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line  string
		width int
		want  string
	}{
		{"äöü", 3, "äöü"}, {"äöüß", 3, "äö…"}, {"", 0, ""}, {"long", 1, "…"}, {"long", 0, "…"},
	} {
		if got := term.Shorten(c.line, c.width); got != c.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", c.line, c.width, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 keys", 1: "1 key", 9: "9 keys"} {
		if got := term.Count(n, "key", "keys"); got != want {
			t.Errorf("Count(%d) = %q", n, got)
		}
	}
}
