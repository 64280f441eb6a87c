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

// fields are the places in a model of what the schema's attributes hold, by their names.
type fields map[string][]int

func fieldsOf[T any]() fields {
	found := fields{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if name := field.Tag.Get("tfsdk"); name != "" {
			found[name] = field.Index
		}
	}
	return found
}

var (
	stagedJoinFields = sync.OnceValue(fieldsOf[stagedJoinModel])
	joinedDiskFields = sync.OnceValue(fieldsOf[joinedDiskModel])
	domainJoinFields = sync.OnceValue(fieldsOf[domainJoinModel])
)

// each calls visit with a pointer to every value of a model, a *types.String, *types.Int64, *types.Bool, *types.Object or
// *timeouts.Value.
func (f fields) each(model any, visit func(name string, value any)) {
	values := reflect.ValueOf(model).Elem()
	for name, index := range f {
		visit(name, values.FieldByIndex(index).Addr().Interface())
	}
}

// read takes over a state, plan or configuration.
func (m *stagedJoinModel) read(ctx context.Context, raw tftypes.Value, diags *diag.Diagnostics) {
	stagedJoinFields().read(ctx, m, raw, diags)
}

// write puts the model in the place of a state or plan. What diags hold already does not keep it from that.
func (m *stagedJoinModel) write(ctx context.Context, raw *tftypes.Value, diags *diag.Diagnostics) {
	stagedJoinFields().write(ctx, m, raw, diags)
}

func (m *joinedDiskModel) read(ctx context.Context, raw tftypes.Value, diags *diag.Diagnostics) {
	joinedDiskFields().read(ctx, m, raw, diags)
}

func (m *joinedDiskModel) write(ctx context.Context, raw *tftypes.Value, diags *diag.Diagnostics) {
	joinedDiskFields().write(ctx, m, raw, diags)
}

func (m *domainJoinModel) read(ctx context.Context, raw tftypes.Value, diags *diag.Diagnostics) {
	domainJoinFields().read(ctx, m, raw, diags)
}

func (m *domainJoinModel) write(ctx context.Context, raw *tftypes.Value, diags *diag.Diagnostics) {
	domainJoinFields().write(ctx, m, raw, diags)
}

func (f fields) read(ctx context.Context, model any, raw tftypes.Value, diags *diag.Diagnostics) {
	var values map[string]tftypes.Value
	if err := raw.As(&values); err != nil {
		notConverted(err, diags)
		return
	}
	f.each(model, func(name string, value any) {
		var err error
		switch value := value.(type) {
		case *types.String:
			*value, err = readText(ctx, values[name])
		case *types.Int64:
			*value, err = readNumber(ctx, values[name])
		case *types.Bool:
			*value, err = readBool(ctx, values[name])
		case *types.Object: // there is one alone
			*value, err = readAccountObject(ctx, values[name])
		case *timeouts.Value:
			*value, err = readTimeouts(ctx, values[name])
		}
		if err != nil {
			notConverted(err, diags)
		}
	})
}

func readNumber(ctx context.Context, raw tftypes.Value) (types.Int64, error) {
	value, err := types.Int64Type.ValueFromTerraform(ctx, raw)
	number, _ := value.(types.Int64)
	return number, err
}

func readText(ctx context.Context, raw tftypes.Value) (types.String, error) {
	value, err := types.StringType.ValueFromTerraform(ctx, raw)
	text, _ := value.(types.String)
	return text, err
}

func readBool(ctx context.Context, raw tftypes.Value) (types.Bool, error) {
	value, err := types.BoolType.ValueFromTerraform(ctx, raw)
	is, _ := value.(types.Bool)
	return is, err
}

func readAccountObject(ctx context.Context, raw tftypes.Value) (types.Object, error) {
	value, err := accountType().ValueFromTerraform(ctx, raw)
	object, _ := value.(types.Object)
	return object, err
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

func (f fields) write(ctx context.Context, model any, raw *tftypes.Value, diags *diag.Diagnostics) {
	values := make(map[string]tftypes.Value, len(f))
	var errs []error
	f.each(model, func(name string, value any) {
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
