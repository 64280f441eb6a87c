package options_test

import (
	"testing"
	"time"

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
		`method = "magic" is not known: use "auto", "registry", "answer_file" or "native" (87 ERROR_INVALID_PARAMETER)`)
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

func TestReuseOf(t *testing.T) {
	t.Parallel()
	for words, want := range map[[2]string]offlinejoin.Reuse{
		{}: offlinejoin.ReuseRefuse, {"refuse", ""}: offlinejoin.ReuseRefuse, {"allow", "rebuilt"}: offlinejoin.ReuseAllow,
	} {
		if got, err := options.ReuseOf(words[0], words[1]); err != nil || got != want {
			t.Errorf("ReuseOf(%q) = %q, %v, want %q", words, got, err, want)
		}
	}
	for words, want := range map[[2]string]string{
		{"never", ""}:       `reuse = "never" is not known: use "refuse" or "allow" (87 ERROR_INVALID_PARAMETER)`,
		{"allow", " "}:      `reuse = "allow" needs a reason: set reuse_reason, such as "web01 is rebuilt" (87 ERROR_INVALID_PARAMETER)`,
		{"", "for no sake"}: `reuse_reason is there, but reuse is "refuse": set reuse = "allow", or leave the reason out (87 ERROR_INVALID_PARAMETER)`,
	} {
		wantRefusal(t, second(options.ReuseOf(words[0], words[1])), winerr.InvalidParameter, want)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]time.Duration{"": 30 * time.Second, "0s": 0, "2m": 2 * time.Minute} {
		if got, err := options.ParseLockTimeout(word); err != nil || got != want {
			t.Errorf("ParseLockTimeout(%q) = %v, %v, want %v", word, got, err, want)
		}
	}
	for _, word := range []string{"30", "soon", "-1s"} {
		wantRefusal(t, second(options.ParseLockTimeout(word)), winerr.InvalidParameter, `lock_timeout = "`+word+`" is no length of time: `+
			`write a number with its unit, such as "30s" or "2m" (87 ERROR_INVALID_PARAMETER)`)
	}
}
