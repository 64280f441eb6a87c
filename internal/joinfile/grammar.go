package joinfile

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
)

// The blocks of a join file.
const (
	blockVariable = "variable"
	blockLocals   = "locals"
	blockDefaults = "defaults"
	blockJoin     = "join"
)

// The arguments of blocks that are not options of a join.
const (
	argType        = "type"
	argDefault     = "default"
	argDescription = "description"
	argForEach     = "for_each"
	argCount       = "count"
)

// argument is one name that may be written in a block, and what the reference says of it.
type argument struct {
	name, kind, doc string
	required        bool
}

func variableArguments() []argument {
	return []argument{
		{name: argType, kind: "type", doc: "What the value must be: `string`, `number`, `bool`, `list(…)`, `set(…)`, " +
			"`map(…)`, `object({…})` or `any`. Without it, a value from outside is a string, unless the default is not."},
		{name: argDefault, kind: "value", doc: "The value when none is given from outside. Without it, one must be given. " +
			"It may call functions, but not refer to other values."},
		{name: argDescription, kind: "string", doc: "What the variable is for; shown when its value is missing."},
	}
}

func repeatArguments() []argument {
	return []argument{
		{name: argForEach, kind: "set or map", doc: "Makes one join for each element of a set of strings or of a map. In " +
			"the block, `each.key` is the element's key and `each.value` its value (the key again, for a set)."},
		{name: argCount, kind: "number", doc: "Makes that many joins. In the block, `count.index` counts from 0. Not " +
			"together with `for_each`."},
	}
}

func schema(arguments ...[]argument) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, list := range arguments {
		for _, a := range list {
			s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a.name})
		}
	}
	return s
}

func fileSchema() *hcl.BodySchema {
	return &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: blockVariable, LabelNames: []string{"name"}},
		{Type: blockLocals},
		{Type: blockDefaults},
		{Type: blockJoin, LabelNames: []string{"name"}},
	}}
}

var validName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

func checkName(what, name string, at hcl.Range) hcl.Diagnostics {
	if validName.MatchString(name) {
		return nil
	}
	return wrong(at, "Invalid name", fmt.Sprintf("The name of a %s begins with a letter and has letters, digits, - and "+
		"_, at most 64 of them.", what))
}

// duplicate is a diagnostic about a name that two places declare.
func duplicate(what, name string, second, first hcl.Range) hcl.Diagnostics {
	return wrong(second, "Duplicate "+what, fmt.Sprintf("The %s %q is declared at %s line %d already: rename one of "+
		"them, or remove it.", what, name, first.Filename, first.Start.Line))
}
