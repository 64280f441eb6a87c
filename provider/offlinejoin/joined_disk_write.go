package offlinejoin

import (
	"context"
	"crypto/rand"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Create makes the disk. What an interrupted apply has made already is taken over.
func (r *joinedDiskResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var config, plan joinedDiskModel
	diags := &resp.Diagnostics
	config.read(ctx, req.Config.Raw, diags)
	plan.read(ctx, req.Plan.Raw, diags)
	plan.refuseContents(diags)
	if diags.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Create, diags)
	defer done()
	at, err := plan.place()
	if err != nil {
		diags.AddAttributeError(path.Root(options.ImagePath.String()), "Disk not to be made", err.Error())
		return
	}
	if plan.Path.IsUnknown() && core.DiskExists(at) {
		diags.AddAttributeError(placeAt(at), "Disk still there", at.String()+" was to be removed before a new disk is made there, "+
			"and still exists, so nothing was written. "+anotherPath+" Otherwise the old disk was kept: see the warning about it.")
		return
	}
	token := rand.Text() // Terraform does not hand on here what was planned
	writePrivate(ctx, resp.Private, tokenKey, token, diags)
	receipt := r.stage(ctx, at, &config, &plan, token, diags)
	if receipt == nil {
		return
	}
	disk := r.run.markOf(ctx, at, diags)
	record := diskRecord{Path: newPath(at), Partition: at.Partition, OnDestroy: plan.OnDestroy.ValueString()}
	if disk != nil {
		record.Mark = disk.Mark
	}
	record.record(ctx, resp.Private, diags)
	ofReceipt(receipt).record(ctx, resp.Private, diags)
	plan.diskFacts.fill(at, disk)
	keepIdentity(ctx, resp.Identity, plan.identity(), diags)
	plan.write(ctx, &resp.State.Raw, diags)
}

// stage asks the core, and fills the plan with what came of it. It returns nil after an error.
func (r *joinedDiskResource) stage(
	ctx context.Context, at core.Image, config, plan *joinedDiskModel, token string, diags *diag.Diagnostics,
) *core.Receipt {
	blob := config.blob(r.run.identityFile, diags)
	defer blob.Wipe()
	if !blob.there(diags) || !lasts(at, diags) || !r.run.checkPaths(plan.placeWords(), &config.blobModel, &plan.joinModel, diags) {
		return nil
	}
	ctx = blob.masked(ctx)
	facts, ok := blob.check(config.expect(), diags)
	if !ok {
		return nil
	}
	request := r.run.request(ctx, at, &plan.joinModel, &config.joinModel, blob, diags)
	request.Owner, request.StagedBy = token, r.stagedBy
	defer r.run.turns.take(ctx, at)()
	receipt, err := core.Stage(ctx, request)
	if err != nil { // the blob was good, so it is about the images
		blame(ctx, placeAt(at), "Disk not made", err, diags)
		return nil
	}
	r.run.images.own(fileAt(at.NewPath()), token)
	plan.joinModel.fill(facts, receipt.Status)
	return receipt
}

// markOf reads the disk that was just made, to remember it, also where the apply is interrupted now. It is there in any case, so
// that a failure is a warning.
func (r *run) markOf(ctx context.Context, at core.Image, diags *diag.Diagnostics) *core.Disk {
	ctx = context.WithoutCancel(ctx)
	disk, err := core.ReadDisk(ctx, core.DiskRequest{Image: r.waiting(at), Mark: true})
	switch {
	case err != nil:
		diags.AddAttributeWarning(placeAt(at), "Disk not looked at", "The disk is made, but could not be looked at afterwards, so "+
			"that destroying will keep it: "+err.Error())
		return nil
	case disk.Used != "":
		diags.AddAttributeWarning(placeAt(at), "Disk to be kept", "Destroying will keep "+at.String()+", because "+disk.Used+".")
	}
	return disk
}

// Update only records what changed: another disk is another resource.
func (r *joinedDiskResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var config, plan joinedDiskModel
	diags := &resp.Diagnostics
	config.read(ctx, req.Config.Raw, diags)
	plan.read(ctx, req.Plan.Raw, diags)
	plan.refuseContents(diags)
	record, recorded := readDiskRecord(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	if recorded {
		record.OnDestroy = plan.OnDestroy.ValueString()
		record.record(ctx, resp.Private, diags)
	}
	plan.joinModel.complete(r.run.identityFile, &config.blobModel, config.expect(), diags)
	keepIdentity(ctx, resp.Identity, plan.identity(), diags)
	plan.write(ctx, &resp.State.Raw, diags)
}
