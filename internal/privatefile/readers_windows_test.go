package privatefile_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestReadersByAccessList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ more, want string }{
		"owner and administrators":   {"", ""},
		"the system":                 {"(A;;FA;;;SY)", ""},
		"users":                      {"(A;;FR;;;BU)", "S-1-5-32-545"},
		"everybody":                  {"(A;;FR;;;WD)", "S-1-1-0"},
		"everybody, for files below": {"(A;IOOI;FR;;;WD)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			f, err := privatefile.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			testenv.SetAccessList(t, path, c.more)
			who, err := privatefile.Readers(f)
			if err != nil || (who == "") != (c.want == "") || !strings.Contains(who, c.want) {
				t.Errorf("%q, %v, want %q", who, err, c.want)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
