package offlinejoin

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ ephemeral.EphemeralResource              = (*blobEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithConfigure = (*blobEphemeral)(nil)
)

// blobEphemeral is a blob that is in neither plan nor state. Terraform opens it when it plans and again when it
// applies, so opening reads and changes nothing.
type blobEphemeral struct{ identityFile string } // the provider's

func newBlobEphemeral() ephemeral.EphemeralResource { return &blobEphemeral{} }

type blobModel struct {
	SourceFile   types.String `tfsdk:"source_file"`
	IdentityFile types.String `tfsdk:"identity_file"`
	Blob         types.String `tfsdk:"blob"`
	Fingerprint  types.String `tfsdk:"fingerprint"`
	MachineName  types.String `tfsdk:"machine_name"`
	Domain       types.String `tfsdk:"domain"`
}

func (e *blobEphemeral) Metadata(
	_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_blob"
}

func (e *blobEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A provisioning blob read from a file, for `blob_wo` of `offlinejoin_staged_join`. " +
			"It is in neither plan nor state.",
		Attributes: map[string]schema.Attribute{
			options.SourceFile.Name(): schema.StringAttribute{
				MarkdownDescription: options.SourceFile.Doc(),
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			options.IdentityFile.Name(): schema.StringAttribute{
				MarkdownDescription: options.IdentityFile.Doc() + " The provider's `identity_file` comes before that.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			options.Blob.Name(): schema.StringAttribute{
				MarkdownDescription: "The blob as one line of base64, whatever encoding the file has.",
				Computed:            true,
				Sensitive:           true,
			},
			options.Fingerprint.Name(): schema.StringAttribute{
				MarkdownDescription: options.Fingerprint.Doc(), Computed: true,
			},
			options.MachineName.Name(): schema.StringAttribute{
				MarkdownDescription: "The computer name that the blob is for.", Computed: true,
			},
			options.Domain.Name(): schema.StringAttribute{
				MarkdownDescription: "The DNS name of the domain that the blob is for.", Computed: true,
			},
		},
	}
}

// Configure takes over what the provider's configuration says for all.
func (e *blobEphemeral) Configure(
	_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse,
) {
	if shared, ok := req.ProviderData.(*settings); ok { // else the provider is not configured yet
		e.identityFile = shared.identityFile
	}
}

func (e *blobEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model blobModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	at := path.Root(options.SourceFile.Name())
	identityFile := cmp.Or(model.IdentityFile.ValueString(), e.identityFile)
	blob, warning, err := options.ReadBlobFile(model.SourceFile.ValueString(), identityFile)
	if err != nil {
		resp.Diagnostics.AddAttributeError(at, "Blob file not readable", err.Error())
		return
	}
	defer clear(blob)
	if warning != "" {
		resp.Diagnostics.AddAttributeWarning(at, "Blob file open to others", warning)
	}
	facts, err := core.InspectBlob(blob, model.SourceFile.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(at, "Blob not usable", err.Error())
		return
	}
	model.Blob = types.StringValue(options.Text(blob))
	model.Fingerprint = types.StringValue(facts.Fingerprint)
	model.MachineName = stringOrNull(facts.MachineName)
	model.Domain = stringOrNull(facts.Domain)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}
