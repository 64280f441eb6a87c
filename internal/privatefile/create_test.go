package privatefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/privatefile"
)

func TestANewFileIsPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	f, err := privatefile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	temp, err := privatefile.CreateTemp(dir, ".x-")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{f, temp} {
		if _, err := f.WriteString("secret"); err != nil {
			t.Error(err)
		}
		if who, err := privatefile.Readers(f); who != "" || err != nil {
			t.Errorf("%s: others can read it: %s, %v", f.Name(), who, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "secret" {
		t.Errorf("read back: %q, %v", content, err)
	}
	if _, err := privatefile.Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made again: %v", err)
	}
}
