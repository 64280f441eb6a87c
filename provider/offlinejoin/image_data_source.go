package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var _ datasource.DataSource = (*imageDataSource)(nil)

// imageDataSource is what an image says about itself and about joins.
type imageDataSource struct{}

func newImageDataSource() datasource.DataSource { return &imageDataSource{} }

func (d *imageDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_image"
}

func (d *imageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a Windows image that is not running says about itself: which Windows it is, and whether " +
			"a join is staged in it or was completed. Reading it writes nothing.",
		Attributes: factAttributes(options.WindowsPath, "", options.ImageFacts()),
	}
}

func (d *imageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	at := path.Root(options.WindowsPath.String())
	var windowsPath types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &windowsPath)...)
	if resp.Diagnostics.HasError() {
		return
	}
	status, err := core.ReadStatus(ctx, core.StatusRequest{Image: core.ImageAt(windowsPath.ValueString())})
	if err != nil {
		resp.Diagnostics.AddAttributeError(at, "Image not readable", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, at, windowsPath)...)
	setFacts(ctx, &resp.State, options.ImageFacts(), *status, &resp.Diagnostics)
}
