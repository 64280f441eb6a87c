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
	for list, want := range map[string]string{
		"D:P(A;;FA;;;BA)(A;;FA;;;SY)":     "",
		"D:P(A;;FA;;;BA)(A;;FR;;;BU)":     "S-1-5-32-545",
		"D:P(A;;FA;;;BA)(A;;FR;;;WD)":     "S-1-1-0",
		"D:P(A;;FA;;;BA)(A;IOOI;FR;;;WD)": "",
	} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			f, err := privatefile.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			testenv.SetAccessList(t, path, list)
			who, err := privatefile.Readers(f)
			if err != nil || (who == "") != (want == "") || !strings.Contains(who, want) {
				t.Errorf("%q, %v", who, err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
