package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// ModifyPlan decides whether the image gets staged (again), and lets a wrong blob fail in the plan. It does not look at
// the image, which may be made or mounted by what is applied before.
func (r *stagedJoinResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	var config, plan, state stagedJoinModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		warnOfForgetting(&state, resp)
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.WindowsPath.IsUnknown() {
		plan.ID = types.StringValue(cleanPath(plan.WindowsPath.ValueString()))
	}
	blob := config.blob(r.identityFile, &resp.Diagnostics)
	defer clear(blob.bytes)
	var facts core.BlobFacts
	if blob.knowledge == blobKnown {
		facts, _ = blob.check(config.expect(), &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		warnOfMissingFile(blob, resp)
	} else {
		mine, _ := owned(ctx, req.Private, &resp.Diagnostics)
		if wantsStaging(blob.knowledge, facts.Fingerprint, mine, &plan, &state) {
			plan.setUnknown(&config)
		} else {
			plan.keep(&state, &config)
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// wantsStaging reports whether an existing resource needs the core to stage once more: the blob is another one than the
// image has. mine is the fingerprint of the resource's own join.
func wantsStaging(known knowledge, fingerprint, mine string, plan, state *stagedJoinModel) bool {
	inImage := state.Fingerprint.ValueString()
	pushedOut := inImage != mine || state.state() == core.StateForeign || state.state() == core.StateJoined
	if pushedOut && plan.OnExisting.ValueString() == string(core.OnExistingKeep) {
		return false
	}
	if known == blobKnown {
		return fingerprint != inImage
	}
	// Without the blob only the user's version can tell of a change, and the image of somebody else's.
	return pushedOut || !plan.BlobWOVersion.Equal(state.BlobWOVersion)
}

func warnOfMissingFile(blob givenBlob, resp *resource.ModifyPlanResponse) {
	if blob.knowledge == blobAway {
		resp.Diagnostics.AddAttributeWarning(path.Root(options.BlobFile.Name()), "Blob not checked yet",
			"The blob could not be checked now, and must be readable when Terraform applies: "+blob.away+".")
	}
}

func warnOfForgetting(state *stagedJoinModel, resp *resource.ModifyPlanResponse) {
	if state.state() == core.StateCompleted {
		resp.Diagnostics.AddWarning("Join only forgotten", forgetting(state.WindowsPath.ValueString()))
	}
}

func forgetting(windowsPath string) string {
	return "The machine of " + windowsPath + " has joined its domain already. Destroying this resource changes " +
		"neither the machine nor its account; to leave the domain, do it in the running Windows or disable the account."
}
