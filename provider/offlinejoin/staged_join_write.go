package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// Create stages the join.
func (r *stagedJoinResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var config, plan stagedJoinModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	plan.refuseContents(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer done()
	existing := core.OnExisting(plan.OnExisting.ValueString())
	receipt := r.stage(ctx, &config, &plan, existing, false, &resp.Diagnostics)
	if receipt == nil {
		return
	}
	ofReceipt(receipt).record(ctx, resp.Private, &resp.Diagnostics)
	keepIdentity(ctx, resp.Identity, plan.ID.ValueString(), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Update stages the join again when the plan left its fingerprint open, and else only records what changed.
func (r *stagedJoinResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var config, plan, state stagedJoinModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	plan.refuseContents(&resp.Diagnostics)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	mine, _ := owned(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer done()
	if plan.Fingerprint.IsUnknown() {
		existing, again := replacing(&plan, &state, mine)
		receipt := r.stage(ctx, &config, &plan, existing, again, &resp.Diagnostics)
		if receipt == nil {
			return
		}
		ofReceipt(receipt).record(ctx, resp.Private, &resp.Diagnostics)
	} else {
		plan.complete(r.run.identityFile, &config, &resp.Diagnostics)
	}
	keepIdentity(ctx, resp.Identity, plan.ID.ValueString(), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// replacing lets the resource stage over what the plan has shown to the user; about everything else the user has the
// word.
func replacing(plan, state *stagedJoinModel, mine ownership) (existing core.OnExisting, again bool) {
	m := matter{
		image: state.state(), inImage: state.Fingerprint.ValueString(), mine: mine,
		onExisting: core.OnExisting(plan.OnExisting.ValueString()),
		restages:   plan.AfterFirstBoot.ValueString() == bootRestage,
	}
	return m.existing(), m.restages
}

// stage asks the core, and fills the plan with what came of it. It returns nil after an error.
func (r *stagedJoinResource) stage(
	ctx context.Context, config, plan *stagedJoinModel, existing core.OnExisting, again bool, diags *diag.Diagnostics,
) *core.Receipt {
	blob := config.blob(r.run.identityFile, diags)
	defer blob.Wipe()
	if blob.knowledge == blobAway {
		diags.AddAttributeError(blob.at, "Blob file missing", blob.away+".")
	}
	if blob.knowledge != blobKnown {
		return nil
	}
	if !r.checkPaths(config, plan, diags) {
		return nil
	}
	ctx = blob.masked(ctx)
	facts, ok := blob.check(config.expect(), diags)
	if !ok {
		return nil
	}
	receipt, err := core.Stage(ctx, r.request(ctx, plan, config, blob, existing, again, diags))
	if err != nil { // the blob was good, so it is about the image
		blame(ctx, "Join not staged", err, diags)
		return nil
	}
	plan.fill(facts, receipt.Status)
	return receipt
}

// request turns what the user wrote into a request to the core.
func (r *stagedJoinResource) request(
	ctx context.Context, plan, config *stagedJoinModel, blob givenBlob, existing core.OnExisting, again bool,
	diags *diag.Diagnostics,
) core.Request {
	windowsPath := plan.WindowsPath.ValueString()
	use := r.run.singleUse()
	use.Reuse, use.ReuseReason = core.Reuse(plan.Reuse.ValueString()), plan.ReuseReason.ValueString()
	return core.Request{
		Image:      r.run.image(windowsPath),
		Blob:       blob.Blob,
		Expect:     config.expect(),
		Method:     core.Method(plan.Method.ValueString()),
		OnExisting: existing,
		Again:      again,
		SingleUse:  use,

		SecretExposure:    core.SecretExposure(plan.SecretExposure.ValueString()),
		CompletionProgram: plan.CompletionProgram.ValueString(),
		StagedBy:          r.stagedBy,
		Progress:          r.run.progress(ctx, windowsPath, diags),
	}
}

// complete gives the facts that an import could not know, from the blob when that is there.
func (m *stagedJoinModel) complete(identityFile string, config *stagedJoinModel, diags *diag.Diagnostics) {
	blob := config.blob(identityFile, diags)
	defer blob.Wipe()
	var facts core.BlobFacts
	if blob.knowledge == blobKnown {
		facts, _ = blob.check(config.expect(), diags)
	}
	m.fill(facts, core.Status{Fingerprint: m.Fingerprint.ValueString()})
}
