package joinfile

import (
	"context"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Fleet is what join files declare.
type Fleet struct {
	Joins []Join // in the order of files, blocks and keys
}

// Load reads the join file at path, or all of the folder at path, and evaluates it with the inputs. What is wrong is in
// the diagnostics, all of it at once as far as possible; the fleet is nil then.
func Load(ctx context.Context, path string, in Inputs) (*Fleet, *Diagnostics) {
	l := &loader{diagnostics: &Diagnostics{files: map[string]*hcl.File{}}, said: map[remark]bool{}, in: in}
	var joins []Join
	l.add(bounded(ctx, func() { joins = l.load(path) }))
	if l.diagnostics.HasErrors() {
		return nil, l.diagnostics
	}
	return &Fleet{Joins: joins}, l.diagnostics
}

// loader is one run of Load.
type loader struct {
	diagnostics *Diagnostics
	said        map[remark]bool // what is among them
	in          Inputs
	folder      string // relative paths start here
	functions   map[string]function.Function

	variables map[string]*variable
	locals    map[string]*local
	defaults  *hcl.Block
	joins     []*hcl.Block
}

// remark is what a diagnostic says, and of what.
type remark struct {
	summary, detail string
	of              hcl.Range
}

func (l *loader) load(path string) []Join {
	files, folder, diags := find(path)
	if l.add(diags) {
		return nil
	}
	l.folder = folder
	l.functions = functions(folder, l.in, l.diagnostics.hideValue)
	l.variables, l.locals = map[string]*variable{}, map[string]*local{}
	var bodies []hcl.Body
	for _, file := range files {
		bodies = append(bodies, l.read(file))
	}
	if l.diagnostics.HasErrors() {
		return nil
	}
	l.sort(bodies)
	values := l.variableValues()
	if l.diagnostics.HasErrors() {
		return nil
	}
	locals := l.localValues(values)
	if l.diagnostics.HasErrors() {
		return nil
	}
	return l.expand(scope{variables: values, locals: locals})
}

// read parses one file and keeps its source for diagnostics.
func (l *loader) read(path string) hcl.Body {
	f, diags := parse(path)
	l.add(withPathHint(diags))
	if f == nil {
		return hcl.EmptyBody()
	}
	l.diagnostics.files[path] = f
	return f.Body
}

// withPathHint adds to what HCL says of a backslash what most likely was meant by it.
func withPathHint(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, one := range diags {
		if one.Summary == "Invalid escape sequence" {
			one.Detail += ` A backslash begins an escape: write a path of Windows as "C:/img/Windows" or "C:\\img\\Windows".`
		}
	}
	return diags
}

// add keeps diagnostics and reports whether there are errors among them. What was said already, such as of a value in defaults
// that several joins take, is not said again.
func (l *loader) add(diags hcl.Diagnostics) bool {
	for _, one := range diags {
		if one.Subject != nil {
			r := remark{one.Summary, one.Detail, *one.Subject}
			if l.said[r] {
				continue
			}
			l.said[r] = true
		}
		l.diagnostics.list = append(l.diagnostics.list, one)
	}
	return diags.HasErrors()
}

// context is what an expression can refer to.
func (l *loader) context(values map[string]cty.Value) *hcl.EvalContext {
	return &hcl.EvalContext{Variables: values, Functions: l.functions}
}
