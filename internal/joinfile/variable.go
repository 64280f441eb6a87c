package joinfile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable is a declared variable.
type variable struct {
	name, description string
	typ               cty.Type
	typed             bool // type was written
	optional          *typeexpr.Defaults
	fallback          cty.Value // cty.NilVal: none
	at                hcl.Range // of its name
}

// declare keeps a variable block.
func (l *loader) declare(block *hcl.Block) {
	name, at := block.Labels[0], block.LabelRanges[0]
	if l.add(checkName(blockVariable, name, at)) {
		return
	}
	if first, taken := l.variables[name]; taken {
		l.add(duplicate(blockVariable, name, at, first.at))
		return
	}
	v := &variable{name: name, at: at, typ: cty.DynamicPseudoType, fallback: cty.NilVal}
	l.variables[name] = v
	content, diags := block.Body.Content(withReserved(schema(variableArguments()), reservedInVariable()))
	l.add(diags)
	l.add(reservedUse(content, reservedInVariable()))
	if a, ok := content.Attributes[argDescription]; ok {
		l.add(gohcl.DecodeExpression(a.Expr, nil, &v.description))
	}
	if a, ok := content.Attributes[argType]; ok {
		v.typ, v.optional, diags = typeexpr.TypeConstraintWithDefaults(a.Expr)
		v.typed = true
		l.add(diags)
	}
	if a, ok := content.Attributes[argDefault]; ok {
		l.setFallback(v, a)
	}
}

func (l *loader) setFallback(v *variable, a *hcl.Attribute) {
	if refs := a.Expr.Variables(); len(refs) > 0 {
		l.add(wrong(refs[0].SourceRange(), "A default refers to other values", fmt.Sprintf("The default of variable %q "+
			"must stand for itself. Compute values from others in locals { … }.", v.name)))
		return
	}
	value, diags := a.Expr.Value(l.context(nil))
	if l.add(diags) {
		return
	}
	value, err := v.convert(value)
	if err != nil {
		l.add(wrong(a.Expr.Range(), "Default of the wrong type", fmt.Sprintf("The default of variable %q is not what its "+
			"type says: %v.", v.name, err)))
		return
	}
	v.fallback = value
}

// convert makes a value be of the variable's type.
func (v *variable) convert(value cty.Value) (cty.Value, error) {
	if v.optional != nil && !value.IsNull() {
		value = v.optional.Apply(value)
	}
	return convert.Convert(value, v.typ)
}

// takesText reports whether a value from outside is the text itself rather than an expression.
func (v *variable) takesText() bool {
	if v.typed {
		return v.typ.IsPrimitiveType()
	}
	return v.fallback == cty.NilVal || v.fallback.Type() == cty.String || v.fallback.IsNull()
}

// variableValues gives every variable its value: the default, then what the inputs say, in their order.
func (l *loader) variableValues() map[string]cty.Value {
	values := map[string]cty.Value{}
	for name, v := range l.variables {
		if v.fallback != cty.NilVal {
			values[name] = v.fallback
		}
	}
	l.readInputs(values)
	if l.diagnostics.HasErrors() {
		return values
	}
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		if _, ok := values[name]; !ok {
			l.add(l.variables[name].missing())
		}
	}
	return values
}

func (v *variable) missing() hcl.Diagnostics {
	what := ""
	if v.description != "" {
		what = " (" + v.description + ")"
	}
	return wrong(v.at, "Variable without a value", fmt.Sprintf("Variable %q%s has no default: give --var '%[1]s=…', set "+
		"%[3]s%[1]s, or name it in a --var-file.", v.name, what, environmentPrefix))
}
