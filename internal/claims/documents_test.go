package claims

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// document is a file that may say how something is known. Its units are its paragraphs, items and rows, each as one line.
type document struct {
	file  string
	units []string
}

// documents returns every page that is written by hand, and the comments and texts of every Go file but tests. Of the pages
// that are generated it returns none: what they say is in templates and in Go ([generatedPages]).
func documents(t *testing.T) []document {
	t.Helper()
	return readAll(t, func(file string) bool {
		switch {
		case generated(file) || slices.Contains([]string{"CHANGELOG.md", "docs/evidence.md", "docs/evidence/README.md"}, file):
			return false // the changelog tells of the program, docs/evidence.md is the table
		case strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/claims/"):
			return false // this package says what the words mean
		}
		return slices.Contains([]string{".md", ".mdx", ".tmpl", ".go"}, filepath.Ext(file))
	})
}

// generatedPages returns the pages that are made of templates and of texts in Go.
func generatedPages(t *testing.T) []document {
	t.Helper()
	return readAll(t, generated)
}

// generated reports whether internal/cli/docgen, internal/options/gen, tfplugindocs or packer-sdc wrote a page.
func generated(file string) bool {
	if file == "docs/index.md" || file == "docs/join-files-reference.md" {
		return true
	}
	return filepath.Ext(file) != ".go" && slices.ContainsFunc([]string{
		".web-docs/", "provisioner/docs-partials/", "docs/commands/", "docs/data-sources/", "docs/ephemeral-resources/",
		"docs/functions/", "docs/guides/", "docs/resources/",
	}, func(folder string) bool { return strings.HasPrefix(file, folder) })
}

// readAll returns the documents that have the word of a level, of the files that are wanted by their path with slashes.
func readAll(t *testing.T, wanted func(file string) bool) []document {
	t.Helper()
	root := testenv.Root()
	var all []document
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		file := filepath.ToSlash(relative)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".build", ".terraform", "testdata", "node_modules"}, entry.Name()):
			return fs.SkipDir
		case !entry.Type().IsRegular() || !wanted(file):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && levelWord.Match(text) {
			all = append(all, document{file, unitsOf(t, file, string(text))})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func unitsOf(t *testing.T, file, text string) []string {
	t.Helper()
	if filepath.Ext(file) == ".go" {
		return goUnits(t, file, text)
	}
	if before, rest, found := strings.Cut(text, "<!-- steps"); found { // generated from the table
		_, after, _ := strings.Cut(rest, "<!-- /steps -->")
		text = before + after
	}
	return units(text)
}

// units returns the paragraphs, items and rows of a text.
func units(text string) []string {
	text = regexp.MustCompile(`(?m)^[ \t]*([-*] |[0-9]+\. |\||#)`).ReplaceAllString(text, "\n\n$1")
	var all []string
	for _, unit := range regexp.MustCompile(`\n\s*\n`).Split(text, -1) {
		if unit = strings.Join(strings.Fields(unit), " "); unit != "" {
			all = append(all, unit)
		}
	}
	return all
}

// goUnits returns the paragraphs of a program's comments and of the texts in it.
func goUnits(t *testing.T, file, text string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, comment := range parsed.Comments {
		all = append(all, units(comment.Text())...)
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		expression, is := node.(ast.Expr)
		if !is {
			return true
		}
		said, is := literal(expression)
		if is {
			all = append(all, units(said)...)
		}
		return !is
	})
	return all
}

// literal returns the text of a literal, and of literals and other expressions that are added up; others count as nothing.
func literal(expression ast.Expr) (string, bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		said, err := strconv.Unquote(e.Value)
		return said, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, is := literal(e.X)
		right, too := literal(e.Y)
		return left + right, e.Op == token.ADD && (is || too)
	}
	return "", false
}
