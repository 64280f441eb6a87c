package joinfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// environmentPrefix begins the names of environment variables that set variables.
const environmentPrefix = "OFFLINEJOIN_VAR_"

// Inputs are what a join file can be told from outside.
type Inputs struct {
	Environ []string // NAME=VALUE, as os.Environ gives: for variables and for env()
	Vars    []Var    // later ones win over earlier ones, and all over the environment
}

// Var sets variables: one by an assignment, or those that a file names.
type Var struct {
	Assign string // NAME=VALUE
	File   string // a file of NAME = VALUE lines in HCL, or of one JSON object when its name ends in .json
}

// lookup returns a variable of the environment.
func (in Inputs) lookup(name string) (string, bool) {
	for _, pair := range slices.Backward(in.Environ) {
		if key, value, ok := strings.Cut(pair, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// readInputs overrides values with those from outside.
func (l *loader) readInputs(values map[string]cty.Value) {
	for name, v := range l.variables {
		if text, ok := l.in.lookup(environmentPrefix + name); ok {
			l.setText(values, v, text, environmentPrefix+name)
		}
	}
	for _, given := range l.in.Vars {
		if given.File != "" {
			l.readVarFile(values, given.File)
			continue
		}
		if !l.assign(values, given.Assign) {
			l.diagnostics.assigned = true
		}
	}
}

// assign sets a variable by NAME=VALUE, and reports whether it could be.
func (l *loader) assign(values map[string]cty.Value, assignment string) bool {
	name, text, ok := strings.Cut(assignment, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return !l.add(general("Invalid --var", "Write --var 'NAME=VALUE'.")) // what was written may be a secret
	}
	v, ok := l.variables[name]
	if !ok {
		return !l.add(general("Unknown variable", fmt.Sprintf("--var sets %q, which no variable block declares.%s", name,
			didYouMean(name, l.variableNames()))))
	}
	return l.setText(values, v, text, "--var "+name)
}

// setText sets a variable from text: taken as it is where a string, number or bool is wanted, else as an expression. It
// reports whether the text is a value of the variable.
func (l *loader) setText(values map[string]cty.Value, v *variable, text, source string) bool {
	value := cty.StringVal(text)
	if !v.takesText() {
		if len(text) > MaxFile || checkNesting([]byte(text), source).HasErrors() {
			return !l.add(general("Invalid value", fmt.Sprintf("The value of %s is too large or too deeply nested.", source)))
		}
		expr, diags := hclsyntax.ParseExpression([]byte(text), source, hcl.InitialPos)
		if !diags.HasErrors() {
			value, diags = expr.Value(nil)
		}
		if diags.HasErrors() {
			return !l.add(general("Invalid value", fmt.Sprintf("The value of %s is no HCL value: write a list as [\"a\", \"b\"] and "+
				"a map as { a = \"b\" }.", source)))
		}
	}
	return l.set(values, v, value, hcl.Range{}, source)
}

func (l *loader) set(values map[string]cty.Value, v *variable, value cty.Value, at hcl.Range, source string) bool {
	converted, err := v.convert(value)
	if err == nil {
		values[v.name] = converted
		return true
	}
	detail := fmt.Sprintf("The value of %s is not what the type of variable %q says: %v.", source, v.name, err)
	if at.Filename == "" {
		return !l.add(general("Value of the wrong type", detail))
	}
	return !l.add(wrong(at, "Value of the wrong type", detail))
}

func (l *loader) readVarFile(values map[string]cty.Value, path string) {
	attributes, diags := l.read(path).JustAttributes()
	l.add(diags)
	for _, a := range inOrder(attributes) {
		v, ok := l.variables[a.Name]
		if !ok {
			l.add(wrong(a.NameRange, "Unknown variable", fmt.Sprintf("No variable block declares %q.%s", a.Name,
				didYouMean(a.Name, l.variableNames()))))
			continue
		}
		value, diags := a.Expr.Value(nil)
		if !l.add(diags) {
			l.set(values, v, value, a.Expr.Range(), path)
		}
	}
}

func (l *loader) variableNames() []string { return slices.Sorted(maps.Keys(l.variables)) }
