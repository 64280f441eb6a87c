package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ provider.Provider                       = (*offlinejoinProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*offlinejoinProvider)(nil)
)

type offlinejoinProvider struct{ version string }

// New returns what makes a provider of the given version, such as "0.1.0".
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &offlinejoinProvider{version} }
}

func (p *offlinejoinProvider) Metadata(
	_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse,
) {
	resp.TypeName = "offlinejoin"
	resp.Version = p.version
}

func (p *offlinejoinProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stages Active Directory provisioning blobs into Windows images that are not running, " +
			"so that the machines come up joined, with no network and no domain credential at first boot. The " +
			"provider needs no configuration.",
		Attributes: map[string]schema.Attribute{
			options.IdentityFile.Name(): schema.StringAttribute{
				MarkdownDescription: options.IdentityFile.Doc(),
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

type providerModel struct {
	IdentityFile types.String `tfsdk:"identity_file"`
}

// settings are what the provider's configuration says for all resources.
type settings struct{ identityFile string }

func (p *offlinejoinProvider) Configure(
	ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse,
) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	shared := &settings{identityFile: model.IdentityFile.ValueString()}
	resp.ResourceData, resp.EphemeralResourceData = shared, shared
}

func (p *offlinejoinProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newStagedJoinResource(p.version)}
}

func (p *offlinejoinProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (p *offlinejoinProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newBlobEphemeral}
}
