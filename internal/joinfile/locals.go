package joinfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// local is a declared local value.
type local struct {
	name  string
	expr  hcl.Expression
	at    hcl.Range
	state visit
}

type visit int

const (
	unvisited visit = iota
	underway        // its references are being evaluated
	evaluated
)

func (l *loader) collectLocals(block *hcl.Block) {
	attributes, diags := block.Body.JustAttributes()
	l.add(diags)
	for _, a := range inOrder(attributes) {
		if first, taken := l.locals[a.Name]; taken {
			l.add(duplicate("local", a.Name, a.NameRange, first.at))
			continue
		}
		l.locals[a.Name] = &local{name: a.Name, expr: a.Expr, at: a.NameRange}
	}
}

// localValues evaluates the locals, each after those that it refers to.
func (l *loader) localValues(variables map[string]cty.Value) map[string]cty.Value {
	e := localEvaluation{loader: l, scope: scope{variables: variables, locals: map[string]cty.Value{}}}
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		if !e.visit(l.locals[name]) {
			break
		}
	}
	return e.scope.locals
}

// localEvaluation walks the references of locals, depth first.
type localEvaluation struct {
	*loader
	scope
	path []*local // from the first to the one being evaluated
}

// visit evaluates one local and reports whether to go on.
func (e *localEvaluation) visit(one *local) bool {
	switch one.state {
	case evaluated:
		return true
	case underway:
		e.add(e.cycle(one))
		return false
	case unvisited:
	}
	one.state = underway
	e.path = append(e.path, one)
	refs := one.expr.Variables()
	if diags := e.checkReferences(refs, repeatNone); e.add(diags) {
		one.state = evaluated
		return true
	}
	for _, name := range referencedLocals(refs) {
		if !e.visit(e.loader.locals[name]) {
			return false
		}
	}
	value, diags := one.expr.Value(e.context(e.values(refs)))
	e.add(diags)
	e.scope.locals[one.name] = value
	one.state = evaluated
	e.path = e.path[:len(e.path)-1]
	return true
}

// cycle tells how a local refers to itself.
func (e *localEvaluation) cycle(again *local) hcl.Diagnostics {
	var names []string
	for _, one := range e.path[slices.Index(e.path, again):] {
		names = append(names, "local."+one.name)
	}
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	names = append(names, "local."+again.name)
	return wrong(again.at, "Locals refer to each other in a circle", fmt.Sprintf("%s: give one of them a value that "+
		"does not refer to the others.", strings.Join(names, " → ")))
}
