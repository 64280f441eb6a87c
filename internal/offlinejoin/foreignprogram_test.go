package offlinejoin

import (
	"os"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// A file of somebody else's that has the program's name is told of when it is replaced, and when it is removed; our own
// program is not, nor one that an older build of ours has staged.
func TestAFileOfTheProgramsNameIsTold(t *testing.T) {
	t.Parallel()
	const replaced, removed = "is replaced, and does not come back", "is not the program that was staged"
	warns := func(receipt *Receipt, err error, want string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(receipt.Warnings, "\n")
		for _, text := range []string{replaced, removed} {
			if strings.Contains(all, text) != (text == want) {
				t.Errorf("want the warning %q, got\n%s", want, all)
			}
		}
	}
	req := newImage(t, sample.Image{})
	receipt, err := Stage(t.Context(), req)
	warns(receipt, err, "")
	receipt, err = Unstage(t.Context(), UnstageRequest{Image: req.Image})
	warns(receipt, err, "")

	must(t, os.WriteFile(programFileOf(req), []byte("not ours"), 0o600))
	receipt, err = Plan(t.Context(), req)
	warns(receipt, err, replaced)
	receipt, err = Stage(t.Context(), req)
	warns(receipt, err, replaced)
	must(t, os.WriteFile(programFileOf(req), []byte("not ours"), 0o600))
	receipt, err = Unstage(t.Context(), UnstageRequest{Image: req.Image})
	warns(receipt, err, removed)
}

// The method answer_file has no program: a file of somebody else's that has its name is none of its business.
func TestAnAnswerFileLeavesTheProgramsNameAlone(t *testing.T) {
	t.Parallel()
	req, _ := generalized(t)
	must(t, os.WriteFile(programFileOf(req), []byte("not ours"), 0o600))
	if _, err := Stage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if _, err := Unstage(t.Context(), UnstageRequest{Image: req.Image}); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(programFileOf(req)); err != nil || string(content) != "not ours" {
		t.Errorf("it holds %q, %v", content, err)
	}
}
