package activedirectory

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// wantRefusal requires an error of the code whose sentence has all the words and is safe to show.
func wantRefusal(t testing.TB, err error, code winerr.Code, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", code)
	}
	if got, ok := winerr.CodeOf(err); !ok || got != code {
		t.Errorf("code %v, want %v: %v", got, code, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	if !plaintext.Safe(err.Error()) {
		t.Errorf("%q is not safe to show", err)
	}
}
