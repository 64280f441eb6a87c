package archtest_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// A comment that cites a specification is worth nothing to a reader who cannot open it.
func TestCommentsCiteDocumentsThatAreHere(t *testing.T) {
	t.Parallel()
	found, wrong, err := checkCitations(os.DirFS(testenv.Root()))
	if err != nil {
		t.Fatal(err)
	}
	const fewest = 40 // the hive engine alone has 30
	if found < fewest {
		t.Errorf("only %d citations were found, at least %d are there", found, fewest)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

// TestWrongCitationsAreFound shows that the check above can fail, and for what.
func TestWrongCitationsAreFound(t *testing.T) {
	t.Parallel()
	const document = "# Title\n\n## 1. One\n\n### 1.2 One and two\n\ntext §9\n"
	for _, tt := range []struct {
		name, source string // of x/p.go
		found        int
		wrong        []string
	}{
		{"right", "// It is so (docs/a.md §1, §1.2).\npackage p\n", 1, nil},
		{"without a section", "package p\n\n// See docs/a.md.\n", 1, nil},
		{"no comment", "package p\n\nconst name = `docs/none.md §7`\n", 0, nil},
		{"no such document", "// As in none.md.\npackage p\n", 1, []string{
			"x/p.go:1: cites none.md, which is not in the repository",
		}},
		{"from the comment's folder", "// As in testdata/README.md §4, §5.\npackage p\n", 1, []string{
			"x/p.go:1: cites testdata/README.md §5, which has no such section",
		}},
		{"a name without its folder", "// As in a.md §1.\npackage p\n", 1, []string{
			"x/p.go:1: cites a.md, which is not in the repository",
		}},
		{"no such section", "package p\n\n// f is (docs/a.md §1, §2, §1.1).\nfunc f() {}\n", 1, []string{
			"x/p.go:3: cites docs/a.md §2, which has no such section",
			"x/p.go:3: cites docs/a.md §1.1, which has no such section",
		}},
		{"on the next line", "/* as docs/a.md\n§3 has it */\npackage p\n", 1, []string{
			"x/p.go:1: cites docs/a.md §3, which has no such section",
		}},
		{"a word that no heading has", "// docs/a.md §9\npackage p\n", 1, []string{
			"x/p.go:1: cites docs/a.md §9, which has no such section",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, wrong, err := checkCitations(fstest.MapFS{
				"x/p.go":               {Data: []byte(tt.source)},
				"docs/a.md":            {Data: []byte(document)},
				"x/testdata/README.md": {Data: []byte("## 4 Four\n")},
				"x/testdata/bad.go":    {Data: []byte("no Go at all")},
				".build/q.go":          {Data: []byte("// not ours: none.md\npackage q\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.wrong, wrong); diff != "" || found != tt.found {
				t.Errorf("%d citations, want %d; -want +got\n%s", found, tt.found, diff)
			}
		})
	}
}

// citation is a document by its path, from the top of the repository or from the folder of the comment's file, and the
// sections that stand right behind it: "docs/internals/regf.md §3.3, §3.4".
var citation = regexp.MustCompile(`([\w./-]+\.md)((?:,?\s+§\d+(?:\.\d+)*)*)`)

// section is the number that a heading begins with: "## 3. Writing", "### 3.1 New logs".
var section = regexp.MustCompile(`(?m)^#+ (\d+(?:\.\d+)*)\.? `)

// sign is a section number in a citation.
var sign = regexp.MustCompile(`§(\d+(?:\.\d+)*)`)

// checkCitations reads the comments of all Go files, but for those of hidden folders and of testdata. It returns how
// many citations of a Markdown file they hold, and a sentence for each that leads nowhere.
func checkCitations(tree fs.FS) (found int, wrong []string, err error) {
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		inFile, faults, err := checkFile(tree, name)
		found, wrong = found+inFile, append(wrong, faults...)
		return err
	})
	return found, wrong, err
}

// checkFile is checkCitations for one file.
func checkFile(tree fs.FS, name string) (found int, wrong []string, err error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return 0, nil, err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments)
	if err != nil {
		return 0, nil, err
	}
	for _, comment := range file.Comments {
		for _, cited := range citation.FindAllStringSubmatch(comment.Text(), -1) {
			faults, err := checkCitation(tree, path.Dir(name), cited[1], cited[2])
			if err != nil {
				return 0, nil, err
			}
			found++
			for _, fault := range faults {
				wrong = append(wrong, fmt.Sprintf("%s:%d: cites %s", name, files.Position(comment.Pos()).Line, fault))
			}
		}
	}
	return found, wrong, nil
}

// checkCitation returns what is wrong with one citation in a file of a folder.
func checkCitation(tree fs.FS, folder, document, sections string) (faults []string, err error) {
	content, err := fs.ReadFile(tree, document)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = fs.ReadFile(tree, path.Join(folder, document))
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return []string{document + ", which is not in the repository"}, nil
	}
	if err != nil {
		return nil, err
	}
	var there []string
	for _, heading := range section.FindAllStringSubmatch(string(content), -1) {
		there = append(there, heading[1])
	}
	for _, cited := range sign.FindAllStringSubmatch(sections, -1) {
		if !slices.Contains(there, cited[1]) {
			faults = append(faults, document+" §"+cited[1]+", which has no such section")
		}
	}
	return faults, nil
}
