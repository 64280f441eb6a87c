package offlinejoin

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/helpers/validatordiag"
	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// combination is a rule about which attributes of a resource go together. It decides and reports as the validator of
// terraform-plugin-framework-validators that it embeds, which walks the whole configuration for each of its attributes;
// these are at the top, and looking there costs nothing. A test compares both.
type combination struct {
	resource.ConfigValidator
	words []options.Name
	// required: one must be there.
	required bool
}

func exactlyOneOf(words ...options.Name) combination {
	return combination{resourcevalidator.ExactlyOneOf(expressions(words)...), words, true}
}

func conflicting(words ...options.Name) combination {
	return combination{resourcevalidator.Conflicting(expressions(words)...), words, false}
}

func expressions(words []options.Name) []path.Expression {
	var found []path.Expression
	for _, word := range words {
		found = append(found, path.MatchRoot(word.String()))
	}
	return found
}

// ValidateResource implements resource.ConfigValidator.
func (c combination) ValidateResource(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var values map[string]tftypes.Value
	if err := req.Config.Raw.As(&values); err != nil {
		notConverted(err, &resp.Diagnostics)
		return
	}
	is := func(state func(tftypes.Value) bool) []options.Name {
		return slices.DeleteFunc(slices.Clone(c.words), func(word options.Name) bool { return !state(values[word.String()]) })
	}
	given := is(func(v tftypes.Value) bool { return v.IsKnown() && !v.IsNull() })
	unknown := is(func(v tftypes.Value) bool { return !v.IsKnown() })
	switch {
	case len(given) > 1:
		resp.Diagnostics.Append(validatordiag.InvalidAttributeCombinationDiagnostic(path.Root(given[0].String()), c.Description(ctx)))
	case c.required && len(given)+len(unknown) == 0:
		resp.Diagnostics.AddError("Missing Attribute Configuration", c.Description(ctx))
	}
}
