package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestPagesAreAsGenerated compares docs/ with what the code says now.
func TestPagesAreAsGenerated(t *testing.T) {
	t.Parallel()
	all, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join(testenv.Root(), "docs")
	for path, want := range all {
		got, err := os.ReadFile(filepath.Join(docs, path))
		if err != nil || string(got) != string(want) {
			t.Errorf("docs/%s is stale (%v): run make generate", path, err)
		}
	}
	there, err := filepath.Glob(filepath.Join(docs, commandFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range there {
		if _, ok := all[commandFolder+"/"+filepath.Base(path)]; !ok {
			t.Errorf("%s is of no command: run make generate", path)
		}
	}
	if len(all) < 12 {
		t.Errorf("only %d pages", len(all))
	}
}
