package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Create stages the join.
func (r *stagedJoinResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var config, plan stagedJoinModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	receipt := r.stage(ctx, &config, &plan, core.OnExisting(plan.OnExisting.ValueString()), &resp.Diagnostics)
	if receipt == nil {
		return
	}
	ownFromReceipt(ctx, resp.Private, receipt, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Update stages the join again when the plan left its fingerprint open, and else only records what changed.
func (r *stagedJoinResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var config, plan stagedJoinModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Fingerprint.IsUnknown() {
		mine, _ := owned(ctx, req.Private, &resp.Diagnostics)
		receipt := r.stage(ctx, &config, &plan, onExisting(ctx, &plan, mine), &resp.Diagnostics)
		if receipt == nil {
			return
		}
		ownFromReceipt(ctx, resp.Private, receipt, &resp.Diagnostics)
	} else {
		plan.complete(r.identityFile, &config, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// onExisting lets the resource stage over its own join; about every other one the user has the word.
func onExisting(ctx context.Context, plan *stagedJoinModel, mine string) core.OnExisting {
	status, err := core.ReadStatus(ctx, core.StatusRequest{WindowsPath: plan.WindowsPath.ValueString()})
	if err == nil && mine != "" && status.Fingerprint == mine {
		return core.OnExistingReplace
	}
	return core.OnExisting(plan.OnExisting.ValueString())
}

// stage asks the core, and fills the plan with what came of it. It returns nil after an error.
func (r *stagedJoinResource) stage(
	ctx context.Context, config, plan *stagedJoinModel, existing core.OnExisting, diags *diag.Diagnostics,
) *core.Receipt {
	blob := config.blob(r.identityFile, diags)
	defer clear(blob.bytes)
	if blob.knowledge == blobAway {
		diags.AddAttributeError(blob.at, "Blob file missing", blob.away+".")
	}
	if blob.knowledge != blobKnown {
		return nil
	}
	ctx = masked(ctx, blob.bytes)
	facts, ok := blob.check(config.expect(), diags)
	if !ok {
		return nil
	}
	receipt, err := core.Stage(ctx, core.Request{
		WindowsPath: plan.WindowsPath.ValueString(),
		Blob:        blob.bytes,
		BlobName:    blob.name,
		Method:      core.Method(plan.Method.ValueString()),
		Expect:      config.expect(),
		OnExisting:  existing,
		StagedBy:    r.stagedBy,
		Progress:    progress(ctx, diags),
	})
	if err != nil { // the blob was good, so it is about the image
		diags.AddAttributeError(path.Root(options.WindowsPath.Name()), "Join not staged", err.Error())
		return nil
	}
	plan.fill(facts, receipt.Status)
	return receipt
}

// complete gives the facts that an import could not know, from the blob when that is there.
func (m *stagedJoinModel) complete(identityFile string, config *stagedJoinModel, diags *diag.Diagnostics) {
	blob := config.blob(identityFile, diags)
	defer clear(blob.bytes)
	var facts core.BlobFacts
	if blob.knowledge == blobKnown {
		facts, _ = blob.check(config.expect(), diags)
	}
	m.fill(facts, core.Status{Fingerprint: m.Fingerprint.ValueString()})
}
