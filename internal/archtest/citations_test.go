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
		name, source string
		found        int
		wrong        []string
	}{
		{"right", "// It is so (docs/a.md §1, §1.2).\npackage p\n", 1, nil},
		{"without a section", "package p\n\n// See docs/a.md.\n", 1, nil},
		{"no comment", "package p\n\nconst name = `docs/none.md §7`\n", 0, nil},
		{"no such document", "// As in none.md.\npackage p\n", 1, []string{
			"p.go:1: cites none.md, which is not in the repository",
		}},
		{"not from the top", "// As in a.md §1.\npackage p\n", 1, []string{
			"p.go:1: cites a.md, which is not in the repository",
		}},
		{"no such section", "package p\n\n// f is (docs/a.md §1, §2, §1.1).\nfunc f() {}\n", 1, []string{
			"p.go:3: cites docs/a.md §2, which has no such section",
			"p.go:3: cites docs/a.md §1.1, which has no such section",
		}},
		{"on the next line", "/* as docs/a.md\n§3 has it */\npackage p\n", 1, []string{
			"p.go:1: cites docs/a.md §3, which has no such section",
		}},
		{"a word that no heading has", "// docs/a.md §9\npackage p\n", 1, []string{
			"p.go:1: cites docs/a.md §9, which has no such section",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, wrong, err := checkCitations(fstest.MapFS{
				"p.go":              {Data: []byte(tt.source)},
				"docs/a.md":         {Data: []byte(document)},
				".build/q.go":       {Data: []byte("// not ours: none.md\npackage q\n")},
				"x/testdata/bad.go": {Data: []byte("no Go at all")},
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

// citation is a document by its path from the top of the repository, and the sections that stand right behind it:
// "docs/internals/regf.md §3.3, §3.4".
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
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, source, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, comment := range file.Comments {
			at := files.Position(comment.Pos())
			for _, cited := range citation.FindAllStringSubmatch(comment.Text(), -1) {
				found++
				faults, err := checkCitation(tree, cited[1], cited[2])
				if err != nil {
					return err
				}
				for _, fault := range faults {
					wrong = append(wrong, fmt.Sprintf("%s:%d: cites %s", at.Filename, at.Line, fault))
				}
			}
		}
		return nil
	})
	return found, wrong, err
}

// checkCitation returns what is wrong with one citation.
func checkCitation(tree fs.FS, document, sections string) (faults []string, err error) {
	content, err := fs.ReadFile(tree, document)
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
