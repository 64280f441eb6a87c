package offlinejoin

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ datasource.DataSource              = (*blobDataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*blobDataSource)(nil)
)

// blobDataSource is what the blob in a file is for. The blob itself never leaves it: what a data source tells is kept in
// the state.
type blobDataSource struct{ run *run }

func newBlobDataSource() datasource.DataSource { return &blobDataSource{run: newRun()} }

func (d *blobDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_blob"
}

func (d *blobDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What the provisioning blob in a file is for: which machine, domain and account. The blob " +
			"itself is not told, so nothing secret is in the state.",
		Attributes: factAttributes(options.BlobFile, []options.Name{options.IdentityFile}, options.BlobFacts()),
	}
}

func (d *blobDataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		d.run = run
	}
}

func (d *blobDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	at, identityAt := path.Root(options.BlobFile.String()), path.Root(options.IdentityFile.String())
	var file, identity types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &file)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, identityAt, &identity)...)
	if resp.Diagnostics.HasError() {
		return
	}
	blob, ok := openBlobFile(
		file.ValueString(), cmp.Or(identity.ValueString(), d.run.identityFile), at, &resp.Diagnostics)
	if !ok {
		return
	}
	defer blob.Wipe()
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, at, file)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, identityAt, identity)...)
	setFacts(ctx, &resp.State, options.BlobFacts(), blob.Facts(), &resp.Diagnostics)
}
