package offlinejoin

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// TestCombinationsAreTheFrameworksValidators compares what both report of every combination of null, unknown and known.
func TestCombinationsAreTheFrameworksValidators(t *testing.T) {
	t.Parallel()
	schema := stagedJoinSchema(t)
	kind := schema.Type().TerraformType(t.Context()).(tftypes.Object)
	pair := []options.Name{options.BlobFile, options.BlobWO}
	contents := []any{nil, tftypes.UnknownValue, "a text"}
	refused := 0
	for _, rule := range []combination{exactlyOneOf(pair...), conflicting(pair...)} {
		for i := range len(contents) * len(contents) {
			values := map[string]tftypes.Value{}
			for name, of := range kind.AttributeTypes {
				values[name] = tftypes.NewValue(of, nil)
			}
			for at, word := range pair {
				content := contents[[]int{i / len(contents), i % len(contents)}[at]]
				values[word.String()] = tftypes.NewValue(tftypes.String, content)
			}
			req := resource.ValidateConfigRequest{Config: tfsdk.Config{Schema: schema, Raw: tftypes.NewValue(kind, values)}}
			var got, want resource.ValidateConfigResponse
			rule.ValidateResource(t.Context(), req, &got)
			rule.ConfigValidator.ValidateResource(t.Context(), req, &want)
			if !got.Diagnostics.Equal(want.Diagnostics) {
				t.Errorf("%T, combination %d: %v, want %v", rule.ConfigValidator, i, got.Diagnostics, want.Diagnostics)
			}
			refused += len(want.Diagnostics)
		}
	}
	if refused != 3 { // none, or both; both
		t.Errorf("%d refused, want 3", refused)
	}
}
