package ledger

import (
	"bytes"
	"io"
	"testing"
)

// BenchmarkScan looks for one account in 10,000 lines about others.
func BenchmarkScan(b *testing.B) {
	content := linesOf(b, used(5300)) // some 10,000 lines
	w := claimOf(9_999_999).wanted()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if entries, _, err := parse(content, w); err != nil || len(entries) > 0 {
			b.Fatal(len(entries), err)
		}
	}
}

// What the end of a file says of the place for the next line is what all of it says.
func TestTheEndOfAFileTellsWhereTheNextLineGoes(t *testing.T) {
	t.Parallel()
	whole := linesOf(t, used(500))
	for name, tail := range map[string]string{
		"whole": "", "torn": `{"v":2,"event":"staged","id":"`, "not ended": string(linesOf(t, used(1))[:len(linesOf(t, used(1)))-1]),
		"blank": "\n\r\n\n",
	} {
		content := append(bytes.Clone(whole), tail...)
		_, want, err := scan(bytes.NewReader(content), wanted{})
		if err != nil {
			t.Fatal(err)
		}
		_, got, ok := scanEnd(io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content))), wanted{})
		if !ok || got.good != want.good || got.open != want.open {
			t.Errorf("%s: %+v, %v, want %+v", name, got, ok, want)
		}
	}
	for name, content := range map[string][]byte{
		"damaged": append(bytes.Clone(whole), "somebody's\n"...), "short": whole[:1000],
		"one line": bytes.Repeat([]byte("x"), 3*maxLine),
	} {
		if _, _, ok := scanEnd(io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content))), wanted{}); ok {
			t.Errorf("%s: the end is taken for all", name)
		}
	}
}

// What came since a use began is found without the rest of the file: the intent, and whatever took the use away, wherever they are
// in its last part.
func TestWhatCameSinceAUseBegan(t *testing.T) {
	t.Parallel()
	const id, ender = "ffffffffffffffaa", "ffffffffffffffbb"
	use := linesOf(t, []Entry{entryOf(EventIntent, id, 9000)})
	taken := linesOf(t, []Entry{entryOf(EventUnstaged, ender, 9000, id)})
	before, between := linesOf(t, used(2000)), linesOf(t, used(300))
	if len(between) < 2*maxLine || len(before) < 4*maxLine {
		t.Fatalf("%d and %d bytes: this test proves nothing", len(before), len(between))
	}
	w := wantedFor(id)
	w.since = id
	for name, c := range map[string]struct {
		content []byte
		ok      bool
		found   int
	}{
		"at the end":       {joined(before, use), true, 1},
		"further up":       {joined(before, use, between), true, 1},
		"taken at once":    {joined(before, use, taken, between), true, 2},
		"taken at the end": {joined(before, use, between, taken), true, 2},
		"not there":        {joined(before, between, taken), false, 0},
	} {
		entries, got, ok := scanEnd(io.NewSectionReader(bytes.NewReader(c.content), 0, int64(len(c.content))), w)
		if ok != c.ok || len(entries) != c.found || ok && got.good != int64(len(c.content)) {
			t.Errorf("%s: %d entries, %+v, %v", name, len(entries), got, ok)
		}
	}
}

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
