package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// The pages in the repository are what this program writes.
func TestThePagesAreTheTable(t *testing.T) {
	t.Parallel()
	docs := os.DirFS(filepath.Join(testenv.Root(), "docs"))
	all, err := pages(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		got, err := fs.ReadFile(docs, name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the claims say (%v): run make generate", name, err)
		}
	}
}

func TestABadEvidenceFileIsNamed(t *testing.T) {
	t.Parallel()
	_, err := pages(fstest.MapFS{
		"first-boot.md": {Data: []byte(begin + end)}, "evidence/one.json": {Data: []byte("{}")},
	})
	if err == nil || !strings.Contains(err.Error(), "docs/evidence/one.json: format 0") {
		t.Error(err)
	}
	if _, err := pages(fstest.MapFS{"first-boot.md": {Data: []byte(end + begin)}}); err == nil {
		t.Error("a page without a place for the table")
	}
}
