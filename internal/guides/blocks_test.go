package guides_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// block is a fenced block of a page.
type block struct {
	page, language, text string
}

// blocks returns the blocks of the guides.
func blocks(t *testing.T) []block {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(testenv.Root(), "docs", "guides", "*.md"))
	must(t, err)
	var all []block
	for _, page := range pages {
		content, err := os.ReadFile(page)
		must(t, err)
		for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(string(content), -1) {
			all = append(all, block{filepath.Base(page), m[1], m[2]})
		}
	}
	if len(pages) < 8 || len(all) < 15 {
		t.Fatalf("only %d guides with %d blocks", len(pages), len(all))
	}
	return all
}

// files returns what is in examples/guides, by its path there.
func files(t *testing.T) map[string]string {
	t.Helper()
	return filesIn(t, "guides")
}

// filesIn returns what is in a folder of examples, by its path there.
func filesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	root := filepath.Join(testenv.Root(), "examples", folder)
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path) // below root
		all[filepath.ToSlash(name)] = string(content)
		return err
	}))
	return all
}

// stray returns what is only in a guide, and what is only in a file.
func stray(blocks []block, files map[string]string) (problems []string) {
	shown := map[string]bool{}
	for _, b := range blocks {
		found := false
		for name, text := range files {
			if strings.TrimRight(text, "\n") == strings.TrimRight(b.text, "\n") {
				found, shown[name] = true, true
			}
		}
		if !found {
			problems = append(problems, b.page+": this "+b.language+" block is no file of examples/guides or examples/fleets:\n"+b.text)
		}
	}
	for name := range files {
		if !shown[name] {
			problems = append(problems, name+" is shown in no guide")
		}
	}
	slices.Sort(problems)
	return problems
}

// TestEveryBlockIsAFile holds the guides to the files that other tests run.
func TestEveryBlockIsAFile(t *testing.T) {
	t.Parallel()
	all, kept := blocks(t), files(t)
	for name, text := range filesIn(t, "fleets") {
		kept["fleets/"+name] = text
	}
	for _, p := range stray(all, kept) {
		t.Error(p)
	}
	all[0].text += "something else\n"
	if got := stray(all, kept); len(got) != 2 {
		t.Errorf("a block that differs from its file is seen as %q", got)
	}
}

// TestEveryFileIsTested fails for a kind of file that no test looks at.
func TestEveryFileIsTested(t *testing.T) {
	t.Parallel()
	tested := []string{
		".tf", ".pkr.hcl", // internal/e2e
		".sh", ".join.hcl", ".ps1", // here
		".yaml", // internal/tools/manifests
	}
	for name := range files(t) {
		if !slices.ContainsFunc(tested, func(kind string) bool { return strings.HasSuffix(name, kind) }) {
			t.Errorf("nothing tests examples/guides/%s", name)
		}
	}
	for name := range filesIn(t, "fleets") {
		if !slices.Contains([]string{
			"fleet.join.hcl", "part.sh", "parallel.sh", "slurm.sh", "github-actions.yml", "gitlab-ci.yml", // fleets_linux_test.go
			"ansible/inventory.ini", "ansible/join.yml", // ansible_linux_test.go
			"kubernetes/indexed-job.yaml",             // fleets_linux_test.go, and internal/tools/manifests
			"terraform/main.tf", "terraform/apply.sh", // internal/e2e
			"container/Containerfile", // internal/release
		}, name) {
			t.Errorf("nothing tests examples/fleets/%s", name)
		}
	}
}
