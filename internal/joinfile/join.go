package joinfile

import (
	"fmt"
	"math/big"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Join is one declared join: a request that is whole but for the blob.
type Join struct {
	Address string              // join.web["web01"], join.web[0] or join.web
	File    string              // where it is declared
	Line    int                 // from 1
	Request offlinejoin.Request // Blob and what the front end sets are empty

	// Account asks for the account that is made for the join, and Directory says how its domain is reached; nil: there is a
	// blob file.
	Account   *offlinejoin.AccountRequest
	Directory options.DirectoryWords

	BlobFile     string // the file with the blob; empty: there is an account
	IdentityFile string // what opens it when it is encrypted; empty: as the environment says

	// BlobWarning is what the reading of Request.Blob had to say, where somebody has read it, and BlobError why there is none.
	BlobWarning string
	BlobError   error

	words   options.JoinWords
	account options.AccountWords
}

// Used returns the paths of the join, for options.CheckPaths.
func (j *Join) Used() []options.Used {
	used := append(append(j.words.Used(), j.Directory.Used()...), options.Used{Option: options.BlobFile, Path: j.BlobFile},
		options.Used{Option: options.IdentityFile, Path: j.IdentityFile})
	for i := range used {
		used[i].As = used[i].Option.String() + " of " + j.Place()
	}
	return append(used, options.Used{Option: options.JoinFile, Path: j.File})
}

// Place returns the address of the join and where it is declared: "join.web01 (fleet.join.hcl line 3)".
func (j *Join) Place() string {
	return j.Address + " (" + filepath.Base(j.File) + " line " + strconv.Itoa(j.Line) + ")"
}

// instance is one repetition of a join block.
type instance struct {
	address string
	how     repeat
	values  map[string]cty.Value // each or count
}

// expand makes the joins of all join blocks.
func (l *loader) expand(s scope) (joins []Join) {
	opts := joinOptions(l.folder)
	var defaults section
	if l.defaults != nil {
		defaults = l.section(l.defaults.Body, schema(optionArguments(l.folder)))
	}
	for _, block := range l.joins {
		own := l.section(block.Body, schema(optionArguments(l.folder), repeatArguments()))
		b := joinBlock{loader: l, scope: s, block: block, own: own, defaults: defaults, options: opts}
		for _, i := range b.instances() {
			if len(joins) == MaxJoins {
				l.add(wrong(block.DefRange, "Too many joins", fmt.Sprintf("The join blocks make more than %d joins: split "+
					"the folder.", MaxJoins)))
				return joins
			}
			j, ok := b.join(i)
			if !ok {
				break // its siblings would only say the same
			}
			joins = append(joins, j)
		}
	}
	return joins
}

// joinBlock is a join block while it is expanded.
type joinBlock struct {
	*loader
	scope
	block         *hcl.Block
	own, defaults section
	options       []option
}

// instances returns the repetitions of the block: one when it has neither for_each nor count.
func (b joinBlock) instances() []instance {
	forEach, each := b.own.attributes[argForEach]
	count, counted := b.own.attributes[argCount]
	switch {
	case each && counted:
		b.add(wrong(count.NameRange, "Both for_each and count", "A join block is repeated by one of them: remove the other."))
	case each:
		return b.forEach(forEach.Expr)
	case counted:
		return b.counted(count.Expr)
	default:
		return []instance{{address: b.name()}}
	}
	return nil
}

func (b joinBlock) name() string { return blockJoin + "." + b.block.Labels[0] }

// evaluate returns the value of an expression for an instance.
func (b joinBlock) evaluate(expr hcl.Expression, i instance) (cty.Value, bool) {
	refs := expr.Variables()
	if b.add(b.checkReferences(refs, i.how)) {
		return cty.NilVal, false
	}
	values := b.values(refs)
	for name, v := range i.values {
		values[name] = v
	}
	value, diags := expr.Value(b.context(values))
	for _, d := range diags {
		if i.how != repeatNone {
			d.Detail += fmt.Sprintf(" (This is in %s.)", i.address)
		}
	}
	return value, !b.add(diags)
}

// plain returns a value without its marks, for what is not shown.
func plain(value cty.Value) cty.Value {
	value, _ = value.UnmarkDeep()
	return value
}

func (b joinBlock) forEach(expr hcl.Expression) (out []instance) {
	value, ok := b.evaluate(expr, instance{address: b.name()})
	if value, marks := value.UnmarkDeep(); len(marks) > 0 {
		b.diagnostics.hideTexts(value) // its keys are in addresses
	}
	value = plain(value)
	if !ok || b.add(b.checkForEach(value, expr.Range())) {
		return nil
	}
	for it := value.ElementIterator(); it.Next(); {
		key, element := it.Element()
		if value.Type().IsSetType() {
			key = element
		}
		if key.IsNull() || len(key.AsString()) == 0 || len(key.AsString()) > maxKey || !showable(key.AsString()) {
			b.add(wrong(expr.Range(), "Invalid for_each", fmt.Sprintf("A key of for_each is a string of 1 to %d bytes that "+
				"can be shown, in one line.", maxKey)))
			return nil
		}
		out = append(out, instance{
			address: fmt.Sprintf("%s[%q]", b.name(), key.AsString()),
			how:     repeatForEach,
			values:  map[string]cty.Value{rootEach: cty.ObjectVal(map[string]cty.Value{"key": key, "value": element})},
		})
	}
	return out
}

func (b joinBlock) checkForEach(value cty.Value, at hcl.Range) hcl.Diagnostics {
	t := value.Type()
	switch {
	case value.IsNull() || !value.IsKnown():
		return wrong(at, "Invalid for_each", "for_each is null: give a set of strings or a map; an empty one makes no join.")
	case t.IsMapType(), t.IsObjectType(), t.IsSetType() && t.ElementType() == cty.String:
	case t.IsSetType() && value.LengthInt() == 0:
	case t.IsTupleType(), t.IsListType(), t.IsSetType():
		return wrong(at, "Invalid for_each", "for_each takes a set of strings or a map, not a list: write toset([…]), so "+
			"that a join keeps its name when the order changes.")
	default:
		return wrong(at, "Invalid for_each", fmt.Sprintf("for_each takes a set of strings or a map, not %s: write "+
			"toset([…]) or { key = value }.", called(t)))
	}
	if value.LengthInt() > MaxJoins {
		return wrong(at, "Too many joins", fmt.Sprintf("for_each has %d elements, and at most %d joins are made: split the "+
			"folder.", value.LengthInt(), MaxJoins))
	}
	return nil
}

func (b joinBlock) counted(expr hcl.Expression) (out []instance) {
	value, ok := b.evaluate(expr, instance{address: b.name()})
	if !ok {
		return nil
	}
	n, ok := wholeNumber(plain(value))
	if !ok {
		b.add(wrong(expr.Range(), "Invalid count", fmt.Sprintf("count is a whole number from 0 to %d.", MaxJoins)))
		return nil
	}
	for i := range n {
		out = append(out, instance{
			address: b.name() + "[" + strconv.Itoa(i) + "]",
			how:     repeatCount,
			values:  map[string]cty.Value{rootCount: cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})},
		})
	}
	return out
}

// wholeNumber returns a value's number when it is one from 0 to MaxJoins.
func wholeNumber(value cty.Value) (int, bool) {
	if value.IsNull() || !value.IsKnown() || value.Type() != cty.Number {
		return 0, false
	}
	n, accuracy := value.AsBigFloat().Int64()
	return int(n), accuracy == big.Exact && n >= 0 && n <= MaxJoins
}

// join makes one join of an instance, and reports whether it is right.
func (b joinBlock) join(i instance) (Join, bool) {
	j := Join{Address: i.address, File: b.block.DefRange.Filename, Line: b.block.DefRange.Start.Line}
	account, right := b.usesAccount(i)
	for _, o := range b.options {
		if account && o.name == options.BlobFile {
			continue
		}
		right = b.setOption(&j, o, i, b.own.attributes, b.defaults.attributes) && right
	}
	if block, ok := b.own.blocks[options.ActiveDirectory]; ok && right && !account {
		b.add(wrong(block.at, "No account", fmt.Sprintf("%s has an active_directory block and no account to make: write account { … }, "+
			"or leave it out.", j.Address)))
		return j, false
	}
	if !right || account && !b.askForAccount(&j, i) {
		return j, false
	}
	if !j.words.Named() {
		b.add(wrong(b.block.DefRange, "Missing option", fmt.Sprintf("%s has no %s and no %s: write one of them in the block or in "+
			"defaults.", j.Address, options.WindowsPath, options.ImagePath)))
		return j, false
	}
	if _, err := j.words.Image(); err != nil {
		b.add(wrong(b.block.DefRange, "Invalid place", fmt.Sprintf("In %s: %s.", j.Address, winerr.MessageOf(err))))
		return j, false
	}
	var err error
	if j.Request, err = j.words.Request(); err != nil { // each word by itself is right
		b.add(wrong(b.reuseRange(), "Invalid reuse", fmt.Sprintf("In %s: %s.", j.Address, winerr.MessageOf(err))))
		return j, false
	}
	return j, true
}

// reuseRange is the place that says how an account is used again.
func (b joinBlock) reuseRange() hcl.Range {
	for _, from := range []hcl.Attributes{b.own.attributes, b.defaults.attributes} {
		for _, name := range []options.Name{options.Reuse, options.ReuseReason} {
			if a, ok := from[name.String()]; ok {
				return a.NameRange
			}
		}
	}
	return b.block.DefRange
}

// setOption sets an option of a join to what its block says, or else the defaults. Null is to say nothing.
func (b joinBlock) setOption(j *Join, o option, i instance, own, defaults hcl.Attributes) bool {
	a, said := own[o.name.String()]
	if !said {
		a, said = defaults[o.name.String()]
	}
	if said {
		value, ok := b.evaluate(a.Expr, i)
		if !ok {
			return false
		}
		if !value.IsNull() {
			return !b.add(b.apply(j, o, value, a.Expr.Range()))
		}
	}
	if o.required {
		b.add(wrong(b.block.DefRange, "Missing option", fmt.Sprintf("%s has no %s: write it in the block or in defaults, or an account "+
			"block to make the account.", j.Address, o.name)))
	}
	return !o.required
}
