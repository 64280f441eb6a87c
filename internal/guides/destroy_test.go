package guides_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestExamplesEndWithTheWayBack: whoever copies an example is told how it is destroyed, and what holds a secret until then.
func TestExamplesEndWithTheWayBack(t *testing.T) {
	t.Parallel()
	root := filepath.Join(testenv.Root(), "examples")
	seen := 0
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path) // below root
		name = filepath.ToSlash(name)
		kind := strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".hcl")
		if err != nil || e.IsDir() || !kind || strings.HasPrefix(name, "guides/") || strings.Contains(name, "import-by") {
			return err // a guide says it on its page; see below
		}
		content, err := os.ReadFile(path)
		if err != nil || !makes.Match(content) {
			return err
		}
		seen++
		if !wayBack.Match(lastComment(content)) {
			t.Errorf("examples/%s does not end with how it is taken back", name)
		}
		return nil
	}))
	if seen < 15 {
		t.Errorf("only %d examples were looked at", seen)
	}
	pages, err := filepath.Glob(filepath.Join(testenv.Root(), "docs", "guides", "*.md"))
	must(t, err)
	for _, page := range append(pages, filepath.Join(testenv.Root(), "README.md"), filepath.Join(testenv.Root(), "docs", "join-files.md")) {
		content, err := os.ReadFile(page)
		must(t, err)
		if !wayBack.Match(content) {
			t.Errorf("%s does not say how its joins are taken back", filepath.Base(page))
		}
	}
}

var (
	// makes matches what reads a blob or makes something.
	makes = regexp.MustCompile(`blob_file|blob_wo|resource "offlinejoin_|provisioner "offlinejoin"|post-processor "offlinejoin"`)
	// wayBack matches a sentence on how a join goes.
	wayBack = regexp.MustCompile(`(?i)\bdestroy|offlinejoin unstage`)
)

// lastComment returns the comment at the end of a file.
func lastComment(content []byte) []byte {
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	at := len(lines)
	for at > 0 && strings.HasPrefix(lines[at-1], "#") {
		at--
	}
	return []byte(strings.Join(lines[at:], "\n"))
}

// TestBlobFileComesFirst: where an example or a page has both words for a blob, the file is the first one that is met, since it can
// be deleted once the join is staged.
func TestBlobFileComesFirst(t *testing.T) {
	t.Parallel()
	assigned := func(word, text string) int {
		at := regexp.MustCompile(`(?m)^\s*` + word + `\s*=`).FindStringIndex(text)
		if at == nil {
			return -1
		}
		return at[0]
	}
	both := 0
	for _, pattern := range []string{"examples/*/*.tf", "examples/*/*/*.tf", "README.md", "docs/*.md", "docs/guides/*.md", "docs/resources/*.md"} {
		files, err := filepath.Glob(filepath.Join(testenv.Root(), filepath.FromSlash(pattern)))
		must(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			must(t, err)
			first, second := assigned("blob_file", string(content)), assigned("blob_wo", string(content))
			if second < 0 {
				continue
			}
			both++
			if first < 0 || second < first {
				t.Errorf("%s shows blob_wo before blob_file", file)
			}
		}
	}
	if both < 4 {
		t.Errorf("only %d files have both", both)
	}
}
