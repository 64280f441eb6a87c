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
		got, ok := scanEnd(io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content))))
		if !ok || got.good != want.good || got.open != want.open {
			t.Errorf("%s: %+v, %v, want %+v", name, got, ok, want)
		}
	}
	for name, content := range map[string][]byte{
		"damaged": append(bytes.Clone(whole), "somebody's\n"...), "short": whole[:1000],
		"one line": bytes.Repeat([]byte("x"), 3*maxLine),
	} {
		if _, ok := scanEnd(io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))); ok {
			t.Errorf("%s: the end is taken for all", name)
		}
	}
}
