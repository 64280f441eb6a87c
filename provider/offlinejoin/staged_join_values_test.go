package offlinejoin

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Get of the framework fails when schema and model differ; read cannot see it.
func TestModelsHaveTheAttributesOfTheirSchemas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of    schema.Schema
		model fields
	}{
		"staged join": {stagedJoinSchema(t), stagedJoinFields()},
		"joined disk": {joinedDiskSchema(t), joinedDiskFields()},
	} {
		has, model := slices.Sorted(maps.Keys(c.of.Attributes)), slices.Sorted(maps.Keys(c.model))
		if !slices.Equal(has, model) {
			t.Errorf("%s: schema %q, model %q", name, has, model)
		}
	}
}

// TestReadAndWriteAreGetAndSet compares both with the framework's, with attributes that are null, unknown and known in
// turn.
func TestReadAndWriteAreGetAndSet(t *testing.T) {
	t.Parallel()
	t.Run("staged join", func(t *testing.T) {
		t.Parallel()
		compareReadAndWrite[stagedJoinModel](t, stagedJoinSchema(t), stagedJoinFields())
	})
	t.Run("joined disk", func(t *testing.T) {
		t.Parallel()
		compareReadAndWrite[joinedDiskModel](t, joinedDiskSchema(t), joinedDiskFields())
	})
}

func compareReadAndWrite[T any](t *testing.T, schema schema.Schema, of fields) {
	t.Helper()
	ctx := t.Context()
	kind := schema.Type().TerraformType(ctx).(tftypes.Object)
	for turn := range 3 {
		plan := tfsdk.Plan{Schema: schema, Raw: valueOfTurn(kind, turn)}
		var got, want T
		var diags diag.Diagnostics
		of.read(ctx, &got, plan.Raw, &diags)
		diags.Append(plan.Get(ctx, &want)...)
		if diags.HasError() {
			t.Fatal(diags)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("turn %d: read %+v, Get %+v", turn, got, want)
		}
		empty := tftypes.NewValue(kind, nil)
		written, set := empty, tfsdk.Plan{Schema: schema, Raw: empty}
		of.write(ctx, &got, &written, &diags)
		diags.Append(set.Set(ctx, &want)...)
		if diags.HasError() {
			t.Fatal(diags)
		}
		if !written.Equal(set.Raw) || !written.Equal(plan.Raw) {
			t.Errorf("turn %d: written %s, Set %s", turn, written, set.Raw)
		}
	}
}

// valueOfTurn is an object whose attributes are of three kinds; in three turns each is of every kind.
func valueOfTurn(kind tftypes.Object, turn int) tftypes.Value {
	values := map[string]tftypes.Value{}
	for i, name := range slices.Sorted(maps.Keys(kind.AttributeTypes)) {
		of := kind.AttributeTypes[name]
		switch inner, nested := of.(tftypes.Object); {
		case (i+turn)%3 == 0:
			values[name] = tftypes.NewValue(of, nil)
		case (i+turn)%3 == 1:
			values[name] = tftypes.NewValue(of, tftypes.UnknownValue)
		case nested:
			values[name] = valueOfTurn(inner, turn)
		case of.Is(tftypes.Number):
			values[name] = tftypes.NewValue(of, 42+i)
		default:
			values[name] = tftypes.NewValue(of, name+"'s text")
		}
	}
	return tftypes.NewValue(kind, values)
}

func TestReadRefusesAnotherType(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	new(stagedJoinModel).read(context.Background(), tftypes.NewValue(tftypes.String, "a text"), &diags)
	if !diags.HasError() {
		t.Error("a text was read as an object")
	}
}
