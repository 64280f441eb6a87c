package offlinejoin

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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
	_ resource.ResourceWithIdentity         = (*stagedJoinResource)(nil)
)

// stagedJoinResource is one join staged in one image.
type stagedJoinResource struct {
	stagedBy string
	run      *run
}

func newStagedJoinResource(version string) func() resource.Resource {
	return func() resource.Resource {
		return &stagedJoinResource{stagedBy: "terraform-provider-offlinejoin/" + version, run: newRun()}
	}
}

func (r *stagedJoinResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_staged_join"
}

func (r *stagedJoinResource) Configure(
	_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse,
) {
	if run := configured(req.ProviderData, &resp.Diagnostics); run != nil {
		r.run = run
	}
}

func (r *stagedJoinResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	blob := exactlyOneOf
	if r.run.configured { // Terraform plans or applies: what an ephemeral resource gives is known, and null without a file
		blob = conflicting
	}
	return []resource.ConfigValidator{
		exactlyOneOf(options.WindowsPath, options.ImagePath),
		conflicting(options.WindowsPath, options.Partition),
		conflicting(options.WindowsPath, options.JournalDir),
		blob(options.BlobFile, options.BlobWO),
		conflicting(options.BlobFile, options.BlobVersion),
		conflicting(options.IdentityFile, options.BlobWO),
	}
}

// patience is how long an operation may take when the user does not say it.
const patience = 10 * time.Minute

// within bounds an operation by what the user says for it in timeouts.
func within(
	ctx context.Context, say func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics,
) (context.Context, context.CancelFunc) {
	limit, problems := say(ctx, patience)
	diags.Append(problems...)
	return context.WithTimeout(ctx, limit)
}

// blame tells of a failed operation at the image. Stopped operations leave the image whole, as the core's errors say.
func blame(ctx context.Context, at path.Path, summary string, err error, diags *diag.Diagnostics) {
	detail := err.Error()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		detail += "\n\nThe time limit of this operation has run out: apply again, or raise it in timeouts."
	case errors.Is(ctx.Err(), context.Canceled):
		detail += "\n\nThe operation was interrupted: apply again to finish."
	}
	diags.AddAttributeError(at, summary, detail)
}
