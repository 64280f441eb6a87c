package offlinejoin

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ provider.Provider                       = (*offlinejoinProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*offlinejoinProvider)(nil)
	_ provider.ProviderWithFunctions          = (*offlinejoinProvider)(nil)
)

type offlinejoinProvider struct {
	version string
	open    func(core.DirectoryRequest) *core.Directory
}

// New returns what makes a provider of the given version, such as "0.1.0".
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &offlinejoinProvider{version, core.NewDirectory} }
}

func (p *offlinejoinProvider) Metadata(
	_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse,
) {
	resp.TypeName = "offlinejoin"
	resp.Version = p.version
}

func (p *offlinejoinProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	option := func(name options.Name, more string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{
			MarkdownDescription: name.Doc() + more, Optional: true,
			Validators: append(validators, textOf(name)...),
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stages Active Directory joins into Windows images that are not running, so that the machines " +
			"come up joined, with no network and no domain credential at first boot: from provisioning blobs, or from a name " +
			"alone, where it makes the computer accounts itself. For blobs the provider needs no configuration.",
		Attributes: map[string]schema.Attribute{
			options.LedgerFile.String():   option(options.LedgerFile, ""),
			options.LedgerURL.String():    option(options.LedgerURL, "", aLedger{}),
			options.IdentityFile.String(): option(options.IdentityFile, " What names one of its own uses that."),
			options.LockTimeout.String():  option(options.LockTimeout, "", duration{}),

			options.ActiveDirectory.String(): directoryAttribute(),
		},
	}
}

type providerModel struct {
	LedgerFile   types.String `tfsdk:"ledger_file"`
	Ledger       types.String `tfsdk:"ledger"`
	IdentityFile types.String `tfsdk:"identity_file"`
	LockTimeout  types.String `tfsdk:"lock_timeout"`

	ActiveDirectory types.Object `tfsdk:"active_directory"`
}

// Configure begins a run. What is not known while planning is taken as not said; it is known when Terraform applies.
func (p *offlinejoinProvider) Configure(
	ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse,
) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	refuseContent(options.LedgerFile, model.LedgerFile, &resp.Diagnostics)
	refuseContent(options.IdentityFile, model.IdentityFile, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	run := newRun()
	run.configured = true
	run.identityFile = model.IdentityFile.ValueString()
	run.keepLedger(&model, &resp.Diagnostics)
	wait := model.LockTimeout.ValueString()
	if wait == "" {
		wait = options.LockTimeout.Default()
	}
	var err error
	if run.lockTimeout, err = time.ParseDuration(wait); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root(options.LockTimeout.String()), "Not a duration", err.Error())
	}
	run.domain = readDirectory(ctx, model.ActiveDirectory, &resp.Diagnostics)
	run.domain.open = p.open
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = run, run, run
}

// keepLedger takes over where the ledger is.
func (r *run) keepLedger(model *providerModel, diags *diag.Diagnostics) {
	if model.LedgerFile.IsUnknown() || model.Ledger.IsUnknown() {
		return // known when Terraform applies; the environment does not stand in for it
	}
	at, err := options.LedgerOf(model.LedgerFile.ValueString(), model.Ledger.ValueString())
	if err != nil { // it names no attribute, of which Terraform would show the line
		diags.AddError("Not a ledger", err.Error()+".")
	}
	r.ledgerFile, r.ledger = at.LedgerFile, at.Ledger
}

// aLedger refuses what is no URL of a ledger, or has a password in it. The error names no attribute: Terraform would show the
// line of the configuration.
type aLedger struct{}

func (aLedger) Description(context.Context) string {
	return "the URL of a PostgreSQL database, without a password"
}

func (a aLedger) MarkdownDescription(ctx context.Context) string { return a.Description(ctx) }

func (aLedger) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := core.CheckLedger(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddError("Not a ledger", err.Error()+".")
	}
}

// duration accepts what Go's time.ParseDuration does, from 0s on.
type duration struct{}

func (duration) Description(context.Context) string { return "a duration such as 30s or 2m" }

func (d duration) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

func (d duration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if wait, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || wait < 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a duration",
			req.ConfigValue.String()+" is no duration: write one such as \"30s\", \"2m\" or \"0s\".")
	}
}

func (p *offlinejoinProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newStagedJoinResource(p.version), newJoinedDiskResource(p.version), newDomainJoinResource(p.version),
		newComputerAccountResource(p.version),
	}
}

func (p *offlinejoinProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newBlobDataSource, newImageDataSource, newLedgerDataSource, newComputerAccountDataSource}
}

func (p *offlinejoinProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newBlobEphemeral}
}

func (p *offlinejoinProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newFingerprintFunction, newInspectBlobFunction, newAccountDataFunction, newAnswerFileFunction,
	}
}
