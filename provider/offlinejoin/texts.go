package offlinejoin

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// textOf are the validators of an option that is text: it is not empty, and a path is no content.
func textOf(word options.Name) []validator.String {
	checks := []validator.String{stringvalidator.LengthAtLeast(1)}
	if word.IsPath() {
		checks = append(checks, aPath{word})
	}
	return checks
}

// aPath refuses the content of a file where its path is wanted.
type aPath struct{ word options.Name }

func (aPath) Description(context.Context) string {
	return "the path of a file or folder, not its content"
}

func (a aPath) MarkdownDescription(ctx context.Context) string { return a.Description(ctx) }

func (a aPath) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	refuseContent(a.word, req.ConfigValue, &resp.Diagnostics)
}

// refuseContent adds an error when the value of an option that wants a path is a content. The error names no attribute:
// Terraform would show the line of the configuration, and the value may be written there.
func refuseContent(word options.Name, value types.String, diags *diag.Diagnostics) {
	if err := options.NotContent(word, value.ValueString(), options.BlobWO); err != nil {
		diags.AddError("Content in place of a path", err.Error()+".")
	}
}

// refuseContents is refuseContent for what only became known when Terraform applies.
func (m *stagedJoinModel) refuseContents(diags *diag.Diagnostics) {
	refuseContent(options.WindowsPath, m.WindowsPath, diags)
	refuseContent(options.ImagePath, m.ImagePath, diags)
	refuseContent(options.JournalDir, m.JournalDir, diags)
	refuseContent(options.CompletionProgram, m.CompletionProgram, diags)
	m.blobModel.refuseContents(diags)
}

// checkPaths refuses a ledger that is another file of the resource, or in its image. What is not known yet is looked at
// when Terraform applies.
func (r *stagedJoinResource) checkPaths(config, plan *stagedJoinModel, diags *diag.Diagnostics) bool {
	return r.run.checkPaths(plan.placeWords(), &config.blobModel, &plan.joinModel, diags)
}

// checkPaths refuses paths of a resource that stand in each other's way.
func (r *run) checkPaths(place options.PlaceWords, blob *blobModel, join *joinModel, diags *diag.Diagnostics) bool {
	err := options.CheckPaths(append(place.Used(),
		options.Used{Option: options.LedgerFile, Path: r.ledgerFile},
		options.Used{Option: options.BlobFile, Path: blob.BlobFile.ValueString()},
		options.Used{Option: options.IdentityFile, Path: cmp.Or(blob.IdentityFile.ValueString(), r.identityFile)},
		options.Used{Option: options.CompletionProgram, Path: join.CompletionProgram.ValueString()},
	)...)
	if err != nil {
		diags.AddError("One path for two things", err.Error()+".")
	}
	return err == nil
}
