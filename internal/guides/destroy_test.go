package guides_test

import (
	"fmt"
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

// TestExamplesStandAlone: whoever copies an example, or a block of README, has what says where the provider comes from; without it
// Terraform infers hashicorp/offlinejoin, which there is not. An import goes into a configuration that is there.
func TestExamplesStandAlone(t *testing.T) {
	t.Parallel()
	source := regexp.MustCompile(`(?s)required_providers\s*\{\s*offlinejoin\s*=\s*\{[^}]*source\s*=\s*"offlinejoin/offlinejoin"`)
	uses := regexp.MustCompile(`(?m)^\s*(resource|data|ephemeral|provider) "offlinejoin|provider::offlinejoin::`)
	texts := map[string]string{}
	root := filepath.Join(testenv.Root(), "examples")
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".tf") || strings.HasPrefix(e.Name(), "import") {
			return err
		}
		content, err := os.ReadFile(path)
		texts[path] = string(content)
		return err
	}))
	readme, err := os.ReadFile(filepath.Join(testenv.Root(), "README.md"))
	must(t, err)
	for i, m := range regexp.MustCompile("(?ms)^```(?:hcl|terraform)\n(.*?)^```$").FindAllSubmatch(readme, -1) {
		texts[fmt.Sprintf("README.md, block %d", i+1)] = string(m[1])
	}
	seen := 0
	for name, text := range texts {
		if !uses.MatchString(text) {
			continue
		}
		if seen++; !source.MatchString(text) {
			t.Errorf("%s does not say where the provider comes from", name)
		}
	}
	if seen < 18 {
		t.Errorf("only %d examples were looked at", seen)
	}
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
