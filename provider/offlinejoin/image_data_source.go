package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var _ datasource.DataSourceWithConfigValidators = (*imageDataSource)(nil)

// imageDataSource is what an image says about itself and about joins.
type imageDataSource struct{}

func newImageDataSource() datasource.DataSource { return &imageDataSource{} }

func (d *imageDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_image"
}

func (d *imageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	place := []options.Name{options.WindowsPath, options.ImagePath, options.Partition, options.JournalDir}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a Windows image that is not running says about itself: which Windows it is, and whether " +
			"a join is staged in it or was completed. Reading it writes nothing.",
		Attributes: factAttributes("", place, options.ImageFacts()),
	}
}

// ConfigValidators wants one place.
func (d *imageDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	windows, image := path.MatchRoot(options.WindowsPath.String()), path.MatchRoot(options.ImagePath.String())
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(windows, image),
		datasourcevalidator.Conflicting(windows, path.MatchRoot(options.Partition.String())),
		datasourcevalidator.Conflicting(windows, path.MatchRoot(options.JournalDir.String())),
	}
}

func (d *imageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var words options.PlaceWords
	for word, to := range map[options.Name]*string{
		options.WindowsPath: &words.WindowsPath, options.ImagePath: &words.ImagePath, options.Partition: &words.Partition,
		options.JournalDir: &words.JournalDir,
	} {
		var value types.String
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(word.String()), &value)...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(word.String()), value)...)
		*to = value.ValueString()
	}
	at, err := words.Image()
	if err != nil {
		resp.Diagnostics.AddError("Image not to be found", err.Error())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	status, err := core.ReadStatus(ctx, core.StatusRequest{Image: at})
	if err != nil {
		resp.Diagnostics.AddAttributeError(placeAt(at), "Image not readable", err.Error())
		return
	}
	setFacts(ctx, &resp.State, options.ImageFacts(), *status, &resp.Diagnostics)
}
