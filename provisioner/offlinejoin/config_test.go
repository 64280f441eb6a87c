package offlinejoin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hcldec"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// The comments of the configurations become Packer's documentation. They say what package options says, and may add what
// is so for one block only.
func TestDocumentationIsTheWordsOfOptions(t *testing.T) {
	t.Parallel()
	own := map[string]bool{ // here a word means another thing than as an option
		"blobdata.go machine_name": true, "blobdata.go domain": true,
		"imagedata.go machine_name": true, "imagedata.go domain": true, "imagedata.go windows_path": true,
		"config.go expect": true, // a block, and only Packer has it
	}
	for file, least := range map[string]int{
		"config.go": 18, "postprocessorconfig.go": 1, "blobdata.go": 13, "imagedata.go": 20,
	} {
		comments := fieldComments(t, file)
		if len(comments) < least {
			t.Errorf("only %d documented fields in %s", len(comments), file)
		}
		for name, doc := range comments {
			if own[file+" "+name] {
				continue
			}
			if want := options.Word(name).Doc(); want == "" || !strings.HasPrefix(doc, want) {
				t.Errorf("%s: %s is documented as\n %s\nwant\n %s", file, name, doc, want)
			}
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
		if name == ",squash" {
			return true
		}
		comments[name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
		return true
	})
	return comments
}

// Packer eats these words itself (docs/internals/plugins.md §1).
func TestNoReservedWord(t *testing.T) {
	t.Parallel()
	for _, spec := range []hcldec.ObjectSpec{
		new(Provisioner).ConfigSpec(), new(PostProcessor).ConfigSpec(), new(BlobSource).ConfigSpec(),
		new(ImageSource).ConfigSpec(),
	} {
		for _, word := range []string{
			"name", "pause_before", "max_retries", "timeout", "only", "except", "override", "continue_on_error",
			"keep_input_artifact",
		} {
			if _, ok := spec[word]; ok {
				t.Errorf("the option %s would never arrive", word)
			}
		}
	}
}
