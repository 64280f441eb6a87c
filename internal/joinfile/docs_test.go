package joinfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestGuideShowsTheExamples compares the fleets in the guide with the files in examples/, which are formatted and run.
func TestGuideShowsTheExamples(t *testing.T) {
	t.Parallel()
	guide := read(t, "docs/join-files.md")
	for _, path := range []string{
		"examples/fleet/fleet.join.hcl", "examples/fleet/main.tf", "examples/packer/fleet/fleet.pkr.hcl",
	} {
		if !strings.Contains(guide, read(t, path)) {
			t.Errorf("docs/join-files.md does not show %s as it is", path)
		}
	}
}

// TestJoinFilesOfTheGuideAreRight loads every join file that the guide shows.
func TestJoinFilesOfTheGuideAreRight(t *testing.T) {
	t.Parallel()
	blocks := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(read(t, "docs/join-files.md"), -1)
	loaded := 0
	for _, block := range blocks {
		if !strings.Contains(block[1], "\njoin \"") && !strings.HasPrefix(block[1], "join \"") {
			continue // for Terraform or Packer
		}
		dir := t.TempDir()
		for name, text := range map[string]string{
			"fleet.join.hcl": block[1], "fleet.csv": "name,image\nWEB01,/srv/web01/Windows\n", "secrets/web01.djoin": "x",
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fleet, diagnostics := joinfile.Load(t.Context(), dir, joinfile.Inputs{})
		if fleet == nil || len(fleet.Joins) == 0 {
			var told bytes.Buffer
			if err := diagnostics.Write(&told, 0, false); err != nil {
				t.Fatal(err)
			}
			t.Errorf("%s\n%s", block[1], told.String())
		}
		loaded++
	}
	if loaded < 4 {
		t.Errorf("the guide shows only %d join files", loaded)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
