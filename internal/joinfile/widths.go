package joinfile

import (
	"regexp"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxWidth bounds a width or precision in a pattern of format(), and the blanks of indent(), in characters. Each is one
// allocation, which ends before the heap is looked at again.
const maxWidth = 10_000

// wide finds a verb of a pattern with a number of more digits than maxWidth - 1 has.
var wide = regexp.MustCompile(`%[^%a-zA-Z]*[0-9]{5}`)

// narrow makes a function of one that takes a pattern first, which refuses widths from maxWidth on.
func narrow(f function.Function) function.Function {
	return checked(f, func(pattern cty.Value) error {
		if pattern.Type() == cty.String && wide.MatchString(pattern.AsString()) {
			return function.NewArgErrorf(0, "a width or precision is below %d", maxWidth)
		}
		return nil
	})
}

// shallow makes a function of one that takes a number of blanks first, which refuses numbers from maxWidth on.
func shallow(f function.Function) function.Function {
	return checked(f, func(blanks cty.Value) error {
		if blanks.Type() == cty.Number && blanks.GreaterThanOrEqualTo(cty.NumberIntVal(maxWidth)).True() {
			return function.NewArgErrorf(0, "a number of blanks is below %d", maxWidth)
		}
		return nil
	})
}

// checked makes a function of another that looks at a known first argument before it calls it. The type of what stdlib
// formats does not depend on that argument's value, but it is computed from all of them, so it is looked at there, too.
func checked(f function.Function, check func(first cty.Value) error) function.Function {
	first := func(args []cty.Value) error {
		if len(args) == 0 || args[0].IsMarked() || !args[0].IsKnown() || args[0].IsNull() {
			return nil
		}
		return check(args[0])
	}
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := first(args); err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}
