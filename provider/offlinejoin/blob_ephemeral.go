package offlinejoin

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ ephemeral.EphemeralResource              = (*blobEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithConfigure = (*blobEphemeral)(nil)
)

// blobEphemeral is a blob that is in neither plan nor state. Terraform opens it when it plans and again when it
// applies, so opening reads and changes nothing.
type blobEphemeral struct{ run *run }

func newBlobEphemeral() ephemeral.EphemeralResource { return &blobEphemeral{run: newRun()} }

func (e *blobEphemeral) Metadata(
	_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_blob"
}

func (e *blobEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		options.BlobFile.String(): schema.StringAttribute{
			MarkdownDescription: options.BlobFile.Doc(), Required: true, Validators: textOf(options.BlobFile),
		},
		options.IdentityFile.String(): schema.StringAttribute{
			MarkdownDescription: options.IdentityFile.Doc() + providersFirst, Optional: true,
			Validators: textOf(options.IdentityFile),
		},
		options.Blob.String(): schema.StringAttribute{
			MarkdownDescription: "The blob as one line of base64, decrypted, whatever encoding the file has.",
			Computed:            true,
			Sensitive:           true,
		},
	}
	for _, fact := range options.BlobFacts() {
		attributes[fact.Name.String()] = schema.StringAttribute{MarkdownDescription: fact.Doc, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A provisioning blob read from a file, decrypted when it is encrypted with age, and in one " +
			"form whatever encoding it has: for `blob_wo` of `offlinejoin_staged_join`. It is in neither plan nor state. " +
			"It never makes an account. When the file does not exist, or the key to open it, `blob` and all facts are " +
			"null, with a warning: a blob file may be deleted once its join is staged, and neither plan nor destroy is " +
			"stopped by that.",
		Attributes: attributes,
	}
}

func (e *blobEphemeral) Configure(
	_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		e.run = run
	}
}

func (e *blobEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	at, identityAt := path.Root(options.BlobFile.String()), path.Root(options.IdentityFile.String())
	var file, identity types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &file)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, identityAt, &identity)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Result.SetAttribute(ctx, at, file)...)
	resp.Diagnostics.Append(resp.Result.SetAttribute(ctx, identityAt, identity)...)
	key := cmp.Or(identity.ValueString(), e.run.identityFile)
	if missing := missingBlob(file.ValueString(), key); missing != "" {
		resp.Diagnostics.AddAttributeWarning(at, "Blob not there", "The blob is null: "+missing+". That is all right as long as "+
			"nothing is to be staged with it.")
		return
	}
	blob, ok := openBlobFile(file.ValueString(), key, at, &resp.Diagnostics)
	if !ok {
		return
	}
	defer blob.Wipe()
	resp.Diagnostics.Append(resp.Result.SetAttribute(ctx, path.Root(options.Blob.String()), blob.Text())...)
	setFacts(ctx, &resp.Result, options.BlobFacts(), blob.Facts(), &resp.Diagnostics)
}
