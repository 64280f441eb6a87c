package offlinejoin

import (
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/zclconf/go-cty/cty"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// outputSpec is the shape of what a data source returns: one text for each fact.
func outputSpec[T any](facts []options.Fact[T]) hcldec.ObjectSpec {
	spec := hcldec.ObjectSpec{}
	for _, fact := range facts {
		name := fact.Name.String()
		spec[name] = &hcldec.AttrSpec{Name: name, Type: cty.String}
	}
	return spec
}

// output returns the facts of one thing in that shape. What it does not say is empty.
func output[T any](facts []options.Fact[T], of T) cty.Value {
	values := map[string]cty.Value{}
	for _, fact := range facts {
		values[fact.Name.String()] = cty.StringVal(fact.Read(of))
	}
	return cty.ObjectVal(values)
}
