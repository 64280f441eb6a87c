package joinfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// The names that references begin with.
const (
	rootVar   = "var"
	rootLocal = "local"
	rootEach  = "each"
	rootCount = "count"
)

// repeat is how a join block is repeated, which decides what it can refer to.
type repeat int

const (
	repeatNone repeat = iota
	repeatForEach
	repeatCount
)

// scope is what expressions see, but for each and count.
type scope struct {
	variables, locals map[string]cty.Value
}

// values returns the objects var and local. Each holds what is referred to and no more, so that many expressions do not
// copy all values again and again; it holds all when the object is referred to as a whole.
func (s scope) values(refs []hcl.Traversal) map[string]cty.Value {
	out := map[string]cty.Value{}
	for root, all := range map[string]map[string]cty.Value{rootVar: s.variables, rootLocal: s.locals} {
		some := map[string]cty.Value{}
		for _, ref := range refs {
			if ref.RootName() != root {
				continue
			}
			if name, _, ok := member(ref); ok {
				some[name] = all[name]
			}
		}
		out[root] = cty.ObjectVal(some)
	}
	return out
}

// member returns the first name after the root of a reference: x of var.x and of var["x"].
func member(ref hcl.Traversal) (name string, at hcl.Range, ok bool) {
	if len(ref) < 2 {
		return "", ref.SourceRange(), false
	}
	switch step := ref[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, step.SrcRange, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), step.SrcRange, true
		}
	}
	return "", ref[1].SourceRange(), false
}

func referencedLocals(refs []hcl.Traversal) (names []string) {
	for _, ref := range refs {
		if name, _, ok := member(ref); ok && ref.RootName() == rootLocal && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// checkReferences tells of every reference to what does not exist.
func (l *loader) checkReferences(refs []hcl.Traversal, how repeat) (diags hcl.Diagnostics) {
	for _, ref := range refs {
		diags = append(diags, l.checkReference(ref, how)...)
	}
	return diags
}

func (l *loader) checkReference(ref hcl.Traversal, how repeat) hcl.Diagnostics {
	at := ref.SourceRange()
	switch root := ref.RootName(); root {
	case rootVar:
		return checkMember(ref, "variable", "variable block", slices.Sorted(maps.Keys(l.variables)))
	case rootLocal:
		return checkMember(ref, "local", "locals block", slices.Sorted(maps.Keys(l.locals)))
	case rootEach:
		if how != repeatForEach {
			return wrong(at, "Nothing to take each from", "each.key and each.value are of a join block with for_each: add "+
				"for_each, or write the value itself.")
		}
		return checkMember(ref, rootEach, "", []string{"key", "value"})
	case rootCount:
		if how != repeatCount {
			return wrong(at, "Nothing to count", "count.index is of a join block with count: add count, or write the value "+
				"itself.")
		}
		return checkMember(ref, rootCount, "", []string{"index"})
	default:
		return wrong(at, "Unknown name", fmt.Sprintf("There is no %q to refer to.%s Write var.NAME, local.NAME, each.key, "+
			"each.value or count.index; a string is in double quotes.", root,
			didYouMean(root, []string{rootVar, rootLocal, rootEach, rootCount})))
	}
}

// checkMember looks the name after a root up among those that there are.
func checkMember(ref hcl.Traversal, what, declaredBy string, known []string) hcl.Diagnostics {
	root := ref.RootName()
	name, at, ok := member(ref)
	switch {
	case !ok:
		return wrong(at, "Incomplete reference", fmt.Sprintf("Write %s.NAME; %[1]s is no value of its own.", root))
	case slices.Contains(known, name):
		return nil
	case declaredBy == "":
		return wrong(at, "Unknown name", fmt.Sprintf("There is no %s.%s: write %[1]s.%[3]s.", root, name,
			strings.Join(known, " or "+root+".")))
	}
	return wrong(at, "Unknown "+what, fmt.Sprintf("No %s declares %q.%s", declaredBy, name, didYouMean(name, known)))
}
