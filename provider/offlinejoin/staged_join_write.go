package offlinejoin

import (
	"context"
	"crypto/rand"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// Create stages the join.
func (r *stagedJoinResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var config, plan stagedJoinModel
	config.read(ctx, req.Config.Raw, &resp.Diagnostics)
	plan.read(ctx, req.Plan.Raw, &resp.Diagnostics)
	plan.refuseContents(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer done()
	existing := core.OnExisting(plan.OnExisting.ValueString())
	token := rand.Text() // Terraform does not hand on here what was planned
	writePrivate(ctx, resp.Private, tokenKey, token, &resp.Diagnostics)
	receipt := r.stage(ctx, &config, &plan, existing, false, token, &resp.Diagnostics)
	if receipt == nil {
		return
	}
	ofReceipt(receipt).record(ctx, resp.Private, &resp.Diagnostics)
	keepIdentity(ctx, resp.Identity, plan.identity(), &resp.Diagnostics)
	plan.write(ctx, &resp.State.Raw, &resp.Diagnostics)
}

// Update stages the join again when the plan left its fingerprint open, and else only records what changed.
func (r *stagedJoinResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var config, plan, state stagedJoinModel
	config.read(ctx, req.Config.Raw, &resp.Diagnostics)
	plan.read(ctx, req.Plan.Raw, &resp.Diagnostics)
	plan.refuseContents(&resp.Diagnostics)
	state.read(ctx, req.State.Raw, &resp.Diagnostics)
	mine, _ := owned(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer done()
	if plan.Fingerprint.IsUnknown() {
		var token string
		readPrivate(ctx, req.Private, tokenKey, &token, &resp.Diagnostics)
		existing, again := replacing(&plan, &state, mine)
		receipt := r.stage(ctx, &config, &plan, existing, again, token, &resp.Diagnostics)
		if receipt == nil {
			return
		}
		ofReceipt(receipt).record(ctx, resp.Private, &resp.Diagnostics)
	} else {
		plan.complete(r.run.identityFile, &config.blobModel, config.expect(), &resp.Diagnostics)
	}
	keepIdentity(ctx, resp.Identity, plan.identity(), &resp.Diagnostics)
	plan.write(ctx, &resp.State.Raw, &resp.Diagnostics)
}

// replacing lets the resource stage over what the plan has shown to the user; the user decides
// about everything else.
func replacing(plan, state *stagedJoinModel, mine ownership) (existing core.OnExisting, again bool) {
	drift := drift{
		image: state.state(), inImage: state.Fingerprint.ValueString(), mine: mine,
		onExisting: core.OnExisting(plan.OnExisting.ValueString()),
		restages:   plan.AfterFirstBoot.ValueString() == bootRestage,
	}
	return drift.existing(), drift.restages
}

// stage asks the core, and fills the plan with what came of it. It returns nil after an error.
func (r *stagedJoinResource) stage(
	ctx context.Context, config, plan *stagedJoinModel, existing core.OnExisting, again bool, token string,
	diags *diag.Diagnostics,
) *core.Receipt {
	blob := config.blob(r.run.identityFile, diags)
	defer blob.Wipe()
	if !blob.there(diags) || !r.checkPaths(config, plan, diags) {
		return nil
	}
	if _, err := plan.place(); err != nil {
		diags.AddError("Image not to be found", err.Error())
		return nil
	}
	ctx = blob.masked(ctx)
	facts, ok := blob.check(config.expect(), diags)
	if !ok {
		return nil
	}
	request := r.request(ctx, plan, config, blob, existing, again, diags)
	request.Owner = token
	defer r.run.turns.take(ctx, request.Image)()
	receipt, err := core.Stage(ctx, request)
	if err != nil { // the blob was good, so it is about the image
		blame(ctx, placeAt(request.Image), "Join not staged", err, diags)
		return nil
	}
	if receipt.Outcome != core.OutcomeKept {
		r.run.images.own(request.Image.Key(), token)
	}
	plan.fill(facts, receipt.Status)
	return receipt
}

// request turns what the user wrote into a request to the core.
func (r *stagedJoinResource) request(
	ctx context.Context, plan, config *stagedJoinModel, blob givenBlob, existing core.OnExisting, again bool,
	diags *diag.Diagnostics,
) core.Request {
	req := r.run.request(ctx, plan.image(), &plan.joinModel, &config.joinModel, blob, diags)
	req.OnExisting, req.FixedOnExisting, req.Again, req.StagedBy = existing, false, again, r.stagedBy
	return req
}

// request turns what all resources that stage a join have into a request to the core.
func (r *run) request(
	ctx context.Context, at core.Image, plan, config *joinModel, blob givenBlob, diags *diag.Diagnostics,
) core.Request {
	use := r.singleUse()
	use.Reuse, use.ReuseReason = core.Reuse(plan.Reuse.ValueString()), plan.ReuseReason.ValueString()
	return core.Request{
		Image:     r.waiting(at),
		Blob:      blob.Blob,
		Expect:    config.expect(),
		Method:    core.Method(plan.Method.ValueString()),
		SingleUse: use,

		FixedOnExisting:   true, // of offlinejoin_staged_join alone it is an attribute
		SecretExposure:    core.SecretExposure(plan.SecretExposure.ValueString()),
		CompletionProgram: plan.CompletionProgram.ValueString(),
		Progress:          r.progress(ctx, at, diags),
	}
}

// complete gives the facts that an import could not know, from the blob when that is there.
func (m *joinModel) complete(identityFile string, from *blobModel, expect core.Expect, diags *diag.Diagnostics) {
	blob := from.blob(identityFile, diags)
	defer blob.Wipe()
	var facts core.BlobFacts
	if blob.state == blobKnown {
		facts, _ = blob.check(expect, diags)
	}
	m.fill(facts, core.Status{Fingerprint: m.Fingerprint.ValueString()})
}
