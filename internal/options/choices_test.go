package options_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestMethod(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]offlinejoin.Method{
		"":            offlinejoin.MethodAuto,
		"auto":        offlinejoin.MethodAuto,
		"registry":    offlinejoin.MethodRegistry,
		"answer_file": offlinejoin.MethodAnswerFile,
	} {
		if got, err := options.Method(word); err != nil || got != want {
			t.Errorf("Method(%q) = %q, %v, want %q", word, got, err, want)
		}
	}
	wantRefusal(t, second(options.Method("magic")), winerr.InvalidParameter,
		`method = "magic" is not known: use "auto", "registry" or "answer_file" (87 ERROR_INVALID_PARAMETER)`)
}

func TestOnExisting(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]offlinejoin.OnExisting{
		"":        offlinejoin.OnExistingFail,
		"fail":    offlinejoin.OnExistingFail,
		"replace": offlinejoin.OnExistingReplace,
		"keep":    offlinejoin.OnExistingKeep,
	} {
		if got, err := options.OnExisting(word); err != nil || got != want {
			t.Errorf("OnExisting(%q) = %q, %v, want %q", word, got, err, want)
		}
	}
	wantRefusal(t, second(options.OnExisting("Fail")), winerr.InvalidParameter,
		`on_existing = "Fail" is not known: use "fail", "replace" or "keep" (87 ERROR_INVALID_PARAMETER)`)
}

func second[T any](_ T, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }

func wantRefusal(t *testing.T, err error, code winerr.Code, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", text)
	}
	if got, _ := winerr.CodeOf(err); got != code {
		t.Errorf("code %d, want %d", got, code)
	}
	if text != "" && err.Error() != text {
		t.Errorf("error\n %s\nwant\n %s", err, text)
	}
}
