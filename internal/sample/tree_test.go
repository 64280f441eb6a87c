package sample

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/regf"
)

func TestWriteTreeMakesSoundHives(t *testing.T) {
	t.Parallel()
	windows, err := WriteTree(t.TempDir(), Image{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"SYSTEM", "SOFTWARE", "SECURITY", "SAM"} {
		data, err := os.ReadFile(filepath.Join(windows, "System32", "config", name))
		if err != nil {
			t.Fatal(err)
		}
		h, err := regf.Open(regf.Files{Primary: regf.NewMemFile(data)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range regf.Check(h) {
			t.Errorf("%s: %v", name, p)
		}
	}
}
