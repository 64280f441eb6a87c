package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

var (
	_ resource.Resource                     = (*stagedJoinResource)(nil)
	_ resource.ResourceWithConfigure        = (*stagedJoinResource)(nil)
	_ resource.ResourceWithConfigValidators = (*stagedJoinResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*stagedJoinResource)(nil)
	_ resource.ResourceWithImportState      = (*stagedJoinResource)(nil)
)

// stagedJoinResource is one join staged in one image.
type stagedJoinResource struct {
	stagedBy     string
	identityFile string // the provider's
}

func newStagedJoinResource(version string) func() resource.Resource {
	return func() resource.Resource {
		return &stagedJoinResource{stagedBy: "terraform-provider-offlinejoin/" + version}
	}
}

func (r *stagedJoinResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_staged_join"
}

// Configure takes over what the provider's configuration says for all.
func (r *stagedJoinResource) Configure(
	_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse,
) {
	if shared, ok := req.ProviderData.(*settings); ok { // else the provider is not configured yet
		r.identityFile = shared.identityFile
	}
}

func (r *stagedJoinResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.ExactlyOneOf(
			path.MatchRoot(options.BlobFile.Name()), path.MatchRoot(options.BlobWO.Name()),
		),
	}
}
