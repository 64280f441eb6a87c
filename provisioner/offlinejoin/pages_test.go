package offlinejoin

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// page returns the lines of a page that are outside of code, and all of it.
func page(t *testing.T, path string) (prose []string, whole string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inCode := false
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
			continue
		}
		if !inCode {
			prose = append(prose, strings.TrimSpace(line))
		}
	}
	return prose, string(content)
}

// The pages of the integrations site are as it wants them: a landing page, no first heading, because the site makes one, and
// on each how the plugin is installed.
func TestPagesOfTheIntegrationsSite(t *testing.T) {
	t.Parallel()
	root, pages := filepath.Join(testenv.Root(), ".web-docs"), 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() != "README.md" {
			return err
		}
		pages++
		prose, whole := page(t, path)
		headings := map[string]int{}
		for _, line := range prose {
			if strings.HasPrefix(line, "#") {
				headings[line]++
			}
			if strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "@include") {
				t.Errorf("%s has the line %q", path, line)
			}
		}
		for heading, n := range headings {
			if n > 1 {
				t.Errorf("%s has %d times %q", path, n, heading)
			}
		}
		if headings["## Installation"]+headings["### Installation"] != 1 || !strings.Contains(whole, "required_plugins") ||
			!strings.Contains(whole, "make install") {
			t.Errorf("%s does not say how the plugin is installed", path)
		}
		return nil
	})
	if err != nil || pages != 5 {
		t.Errorf("%d pages, want the landing page and one of each component: %v", pages, err)
	}
	landing, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if source, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "README.md")); err != nil || !bytes.Equal(source, landing) {
		t.Errorf(".web-docs/README.md is not docs/README.md: run make generate (%v)", err)
	}
}
