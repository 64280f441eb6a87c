package odj

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestDocumentationNamesEverything: docs/blob-facts.md has every name of the JSON and every finding, and the findings of
// the page exist.
func TestDocumentationNamesEverything(t *testing.T) {
	t.Parallel()
	page := string(read(t, filepath.Join(testenv.Root(), "docs", "blob-facts.md")))
	names := map[string]bool{}
	jsonNames(reflect.TypeFor[Facts](), names)
	if len(names) < 60 {
		t.Errorf("only %d names were found", len(names))
	}
	for name := range names {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("the page does not name %s", name)
		}
	}
	ids := map[string]bool{}
	code := string(read(t, "findings.go"))
	for _, m := range regexp.MustCompile(`f\.add\("(\w+)"`).FindAllStringSubmatch(code, -1) {
		ids[m[1]] = true
	}
	_, table, _ := strings.Cut(page, "## Findings")
	table, _, _ = strings.Cut(table, "## Unknown parts")
	for _, row := range regexp.MustCompile("(?m)^\\|( `.*?)\\|").FindAllStringSubmatch(table, -1) {
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[1], -1) {
			if !ids[m[1]] {
				t.Errorf("the page has the finding %s, the code has not", m[1])
			}
			delete(ids, m[1])
		}
	}
	if len(ids) > 0 {
		t.Errorf("the page lacks the findings %v", ids)
	}
}

// jsonNames collects the names of a type's JSON, those of all structures inside included.
func jsonNames(t reflect.Type, names map[string]bool) {
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		jsonNames(t.Elem(), names)
	case t.Kind() == reflect.Struct && t.PkgPath() != "time":
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.Anonymous {
				names[name] = true
			}
			jsonNames(f.Type, names)
		}
	}
}

// TestEveryFindingIsInAVector: whoever tests a reader with the vectors meets every finding that there is.
func TestEveryFindingIsInAVector(t *testing.T) {
	t.Parallel()
	manifest := string(read(t, filepath.Join(vectorFolder, "manifest.json")))
	code := string(read(t, "findings.go"))
	for _, m := range regexp.MustCompile(`f\.add\("(\w+)"`).FindAllStringSubmatch(code, -1) {
		if !strings.Contains(manifest, `"`+m[1]+`"`) {
			t.Errorf("no vector has the finding %s", m[1])
		}
	}
}
