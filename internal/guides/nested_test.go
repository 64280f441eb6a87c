package guides_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// nested is an attribute, or the attributes in one, in a schema of internal/e2e/standin/schemas.
type nested struct {
	Nested *struct {
		Attributes map[string]nested `json:"attributes"`
	} `json:"nested_type"`
}

// resources returns the attributes of the resources of other providers.
func resources(t *testing.T) map[string]map[string]nested {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testenv.Root(), "internal", "e2e", "standin", "schemas", "*.json"))
	must(t, err)
	all := map[string]map[string]nested{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		must(t, err)
		var file struct {
			Resources map[string]struct {
				Block struct {
					Attributes map[string]nested `json:"attributes"`
				} `json:"block"`
			} `json:"resource_schemas"`
		}
		must(t, json.Unmarshal(content, &file))
		for name, r := range file.Resources {
			all[name] = r.Block.Attributes
		}
	}
	return all
}

// strangers returns the names in a configuration's nested attributes that the schema of their resource does not have.
// Terraform drops them without a word (observed with 1.11.4), where it refuses unknown attributes and blocks.
func strangers(t *testing.T, text string, known map[string]map[string]nested) (names []string, looked int) {
	t.Helper()
	file, diagnostics := hclsyntax.ParseConfig([]byte(text), "main.tf", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%T", file.Body)
	}
	for _, b := range body.Blocks {
		if b.Type != "resource" || known[b.Labels[0]] == nil {
			continue
		}
		for name, a := range b.Body.Attributes {
			if in := known[b.Labels[0]][name].Nested; in != nil {
				looked++
				names = append(names, within(b.Labels[0]+"."+name, a.Expr, in.Attributes)...)
			}
		}
	}
	return names, looked
}

// within returns the unknown names in an object, or in a list of them.
func within(path string, e hclsyntax.Expression, known map[string]nested) (names []string) {
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		for i, item := range e.Exprs {
			names = append(names, within(fmt.Sprintf("%s[%d]", path, i), item, known)...)
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			key := hcl.ExprAsKeyword(item.KeyExpr)
			at, ok := known[key]
			switch {
			case !ok:
				names = append(names, path+"."+key)
			case at.Nested != nil:
				names = append(names, within(path+"."+key, item.ValueExpr, at.Nested.Attributes)...)
			}
		}
	}
	return names
}

// TestNestedAttributesExist looks where terraform does not.
func TestNestedAttributesExist(t *testing.T) {
	t.Parallel()
	known, all := resources(t), files(t)
	for name, text := range all {
		if !strings.HasSuffix(name, ".tf") {
			continue
		}
		found, looked := strangers(t, text, known)
		for _, stranger := range found {
			t.Errorf("%s: the schema has no %s", name, stranger)
		}
		if strings.HasPrefix(name, "libvirt") && looked < 2 {
			t.Errorf("%s: only %d attributes were looked into", name, looked)
		}
	}
	for _, c := range []struct{ right, wrong, want string }{
		{`source = { file = { file = `, `source = { path = { file = `, "libvirt_domain.devices.disks[0].source.path"},
		{`target = { dev = `, `target = { device = `, "libvirt_domain.devices.disks[0].target.device"},
		{`type_arch `, `arch `, "libvirt_domain.os.arch"},
		{`network = { network = `, `network = { name = `, "libvirt_domain.devices.interfaces[0].source.network.name"},
	} {
		text := all["libvirt/main.tf"]
		if !strings.Contains(text, c.right) {
			t.Errorf("the guide has no %q", c.right)
		}
		if found, _ := strangers(t, strings.Replace(text, c.right, c.wrong, 1), known); len(found) != 1 || found[0] != c.want {
			t.Errorf("with %q the strangers are %q", c.wrong, found)
		}
	}
}
