package offlinejoin

import (
	"context"
	"errors"
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework's Get and Set look the whole schema up for every attribute, and compile a regular expression for the name
// of each: for the 36 attributes of this resource that was 4 ms of an image's 64. read and write are the same for a model
// of texts and timeouts alone. A test compares both.

// modelFields are the places in a stagedJoinModel of what the schema's attributes hold, by their names.
var modelFields = sync.OnceValue(func() map[string][]int {
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[stagedJoinModel]()) {
		if name := field.Tag.Get("tfsdk"); name != "" {
			fields[name] = field.Index
		}
	}
	return fields
})

// each calls visit with a pointer to every value of the model, a *types.String or a *timeouts.Value.
func (m *stagedJoinModel) each(visit func(name string, value any)) {
	fields := reflect.ValueOf(m).Elem()
	for name, index := range modelFields() {
		visit(name, fields.FieldByIndex(index).Addr().Interface())
	}
}

// read takes over a state, plan or configuration.
func (m *stagedJoinModel) read(ctx context.Context, raw tftypes.Value, diags *diag.Diagnostics) {
	var values map[string]tftypes.Value
	if err := raw.As(&values); err != nil {
		notConverted(err, diags)
		return
	}
	m.each(func(name string, value any) {
		var err error
		switch value := value.(type) {
		case *types.String:
			*value, err = readText(ctx, values[name])
		case *timeouts.Value:
			*value, err = readTimeouts(ctx, values[name])
		}
		if err != nil {
			notConverted(err, diags)
		}
	})
}

func readText(ctx context.Context, raw tftypes.Value) (types.String, error) {
	value, err := types.StringType.ValueFromTerraform(ctx, raw)
	text, _ := value.(types.String)
	return text, err
}

func readTimeouts(ctx context.Context, raw tftypes.Value) (timeouts.Value, error) {
	value, err := timeoutsType().ValueFromTerraform(ctx, raw)
	limits, _ := value.(timeouts.Value)
	return limits, err
}

// timeoutsType is the type of the attribute that timeoutOptions asks for.
func timeoutsType() timeouts.Type {
	return timeouts.Type{ObjectType: types.ObjectType{AttrTypes: map[string]attr.Type{
		"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
	}}}
}

// write puts the model in the place of a state or plan. What diags hold already does not keep it from that.
func (m *stagedJoinModel) write(ctx context.Context, raw *tftypes.Value, diags *diag.Diagnostics) {
	values := make(map[string]tftypes.Value, len(modelFields()))
	var errs []error
	m.each(func(name string, value any) {
		var err error
		values[name], err = value.(attr.Value).ToTerraformValue(ctx)
		errs = append(errs, err)
	})
	err := errors.Join(errs...)
	if err == nil {
		err = tftypes.ValidateValue(raw.Type(), values)
	}
	if err != nil {
		notConverted(err, diags)
		return
	}
	*raw = tftypes.NewValue(raw.Type(), values)
}

func notConverted(err error, diags *diag.Diagnostics) {
	diags.AddError("Value not converted", "a value has not the type of its attribute, which is a defect of this provider: "+
		err.Error())
}
