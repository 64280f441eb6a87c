//go:build unix

package ledger_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

func TestALedgerThatOthersMayWriteIsWarnedAbout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		folder, file os.FileMode
		want         string
	}{
		"its mode":             {0o755, 0o666, "chmod 600"},
		"its folder":           {0o757, 0o600, "move the ledger"},
		"private":              {0o755, 0o600, ""},
		"only read":            {0o755, 0o644, ""},
		"in a private folder":  {0o700, 0o666, ""},
		"in a sticky folder":   {0o777 | os.ModeSticky, 0o600, ""},
		"writable by the rest": {0o755, 0o602, "chmod 600"},
	} {
		folder, err := os.MkdirTemp("", "offlinejoin-ledger-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(folder) })
		path := filepath.Join(folder, "l")
		l := ledger.Open(path, 0)
		stage(t, l, claim(1, "one", "a"))
		if err := os.Chmod(path, c.file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, c.folder); err != nil {
			t.Fatal(err)
		}
		warnings, _, err := ledger.Check(t.Context(), claim(2, "two", "b"), l)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(warnings, "\n")
		if got := strings.Contains(text, "others can change the ledger"); got != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: warnings %q, want %q", name, text, c.want)
		}
	}
}
