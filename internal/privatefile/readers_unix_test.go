//go:build unix

package privatefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/privatefile"
)

func TestReadersByMode(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]string{0o600: "", 0o622: "", 0o644: "mode 0644", 0o640: "mode 0640"} {
		f, err := privatefile.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Chmod(mode); err != nil {
			t.Fatal(err)
		}
		if who, err := privatefile.Readers(f); who != want || err != nil {
			t.Errorf("%04o: %q, %v", mode, who, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
