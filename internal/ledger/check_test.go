package ledger_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

func TestCheckRefusesWhatBeginDoesAndRecordsNothing(t *testing.T) {
	t.Parallel()
	l, _ := newFile(t)
	first := claim(1, "first", "web01")
	if _, known, err := ledger.Check(t.Context(), first, l, nil); err != nil || known {
		t.Fatalf("an empty ledger: known %v, %v", known, err)
	}
	use, err := l.Begin(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if _, known, err := ledger.Check(t.Context(), first, l); err != nil || known {
		t.Errorf("a stage that has not ended: known %v, %v", known, err)
	}
	if err := use.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := l.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, known, err := ledger.Check(t.Context(), held(first), l); err != nil || !known {
		t.Errorf("the same again: known %v, %v", known, err)
	}
	second := claim(1, "first", "web02")
	_, _, checkErr := ledger.Check(t.Context(), second, l)
	_, beginErr := l.Begin(t.Context(), second)
	if checkErr == nil || beginErr == nil || checkErr.Error() != beginErr.Error() {
		t.Errorf("Check says %v, Begin %v", checkErr, beginErr)
	}
	second.Reuse, second.ReuseReason = true, "the first image was lost"
	if warnings, known, err := ledger.Check(t.Context(), second, l); err != nil || known || len(warnings) != 1 {
		t.Errorf("with a reason: %q, known %v, %v", warnings, known, err)
	}
	if after, err := l.Entries(t.Context()); err != nil || len(after) != len(before) {
		t.Errorf("%d entries became %d, %v", len(before), len(after), err)
	}
}
