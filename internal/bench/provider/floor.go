package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	_ resource.ResourceWithConfigValidators = (*idle)(nil)
	_ resource.ResourceWithModifyPlan       = (*idle)(nil)
	_ resource.ResourceWithIdentity         = (*idle)(nil)
)

// floor is the shipped provider with a staged_join that does nothing.
type floor struct{ provider.Provider }

func (f *floor) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (f *floor) Resources(ctx context.Context) []func() resource.Resource {
	var all []func() resource.Resource
	for _, create := range f.Provider.Resources(ctx) {
		all = append(all, func() resource.Resource { return &idle{Resource: create()} })
	}
	return all
}

// idle has the schema of a resource and keeps what the configuration says. What Terraform does not know becomes null.
type idle struct{ resource.Resource }

func (i *idle) ConfigValidators(ctx context.Context) []resource.ConfigValidator {
	return i.Resource.(resource.ResourceWithConfigValidators).ConfigValidators(ctx)
}

func (i *idle) IdentitySchema(
	ctx context.Context, req resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	i.Resource.(resource.ResourceWithIdentity).IdentitySchema(ctx, req, resp)
}

func (i *idle) ModifyPlan(context.Context, resource.ModifyPlanRequest, *resource.ModifyPlanResponse) {
}

func (i *idle) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	state, err := tftypes.Transform(req.Plan.Raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		return tftypes.NewValue(v.Type(), nil), nil
	})
	if err != nil {
		resp.Diagnostics.AddError("Not created", err.Error())
		return
	}
	resp.State.Raw = state
	var name map[string]tftypes.Value
	if err := state.As(&name); err != nil {
		resp.Diagnostics.AddError("Not created", err.Error())
		return
	}
	resp.Identity.Raw = tftypes.NewValue(resp.Identity.Schema.Type().TerraformType(context.Background()),
		map[string]tftypes.Value{"windows_path": name["windows_path"]})
}

func (i *idle) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (i *idle) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (i *idle) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
