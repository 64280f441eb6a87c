package offlinejoin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// The comments in config.go become Packer's documentation. They say what package options says.
func TestDocumentationIsTheWordsOfOptions(t *testing.T) {
	t.Parallel()
	for name, doc := range fieldComments(t, "config.go") {
		if name == "expect" { // a block, and only Packer has it
			continue
		}
		want := options.Word(name).Doc()
		if want == "" {
			t.Errorf("package options does not know the word %s", name)
		}
		if doc != want {
			t.Errorf("%s is documented as\n %s\nwant\n %s", name, doc, want)
		}
	}
}

// fieldComments returns the comment of each field by its mapstructure name, as one line.
func fieldComments(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := reflect.StructTag(tag).Get("mapstructure")
		comments[name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
		return true
	})
	if len(comments) < 8 {
		t.Fatalf("only %d documented fields in %s", len(comments), file)
	}
	return comments
}

// Packer eats these words itself (facts: plugins.md, reserved provisioner keys).
func TestNoReservedWord(t *testing.T) {
	t.Parallel()
	spec := new(Provisioner).ConfigSpec()
	for _, word := range []string{
		"name", "pause_before", "max_retries", "timeout", "only", "except", "override", "continue_on_error",
	} {
		if _, ok := spec[word]; ok {
			t.Errorf("the option %s would never arrive", word)
		}
	}
}
