package offlinejoin

import (
	"context"
	"crypto/rand"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Create makes the account and stages the join with it. What an interrupted apply has made already is taken over or finished.
func (r *domainJoinResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var config, plan domainJoinModel
	diags := &resp.Diagnostics
	config.read(ctx, req.Config.Raw, diags)
	plan.read(ctx, req.Plan.Raw, diags)
	plan.refuseContents(diags)
	plan.setOnDestroy(&config, diags)
	if diags.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Create, diags)
	defer done()
	at, err := plan.place()
	if err != nil {
		diags.AddAttributeError(placeAt(plan.image()), "Image not to be found", err.Error())
		return
	}
	if plan.makesDisk() && plan.Path.IsUnknown() && core.DiskExists(at) && !config.placeUnknown() {
		diags.AddAttributeError(placeAt(at), "Disk still there", at.String()+" was to be removed before a new disk is made there, "+
			"and still exists, so nothing was written. "+anotherPath+" Otherwise the old disk was kept: see the warning about it.")
		return
	}
	account, _ := readAccount(ctx, config.Account, diags)
	acc, ok := account.request(ctx, plan.MachineName.ValueString(), diags)
	if !ok {
		return
	}
	taken := account.takes()
	if old, is := r.run.accounts.of(acc.MachineName); is {
		taken = taken || old.Taken
	}
	acc = r.run.taken(ctx, acc, diags)
	token := rand.Text() // Terraform does not hand on here what was planned
	writePrivate(ctx, resp.Private, tokenKey, token, diags)
	receipt := r.join(ctx, at, acc, &config, &plan, token, diags)
	if receipt == nil {
		return
	}
	plan.ID = plan.ObjectGUID
	r.remember(ctx, resp.Private, receipt, taken && !receipt.Account.Made, diags)
	if plan.makesDisk() {
		r.markDisk(ctx, resp.Private, at, &plan, diags)
	}
	plan.settle()
	keepIdentity(ctx, resp.Identity, plan.identity(), diags)
	plan.write(ctx, &resp.State.Raw, diags)
}

// taken lets a request take the account of a resource that went before it in this run, or will go, if that still exists and no
// machine has booted with it.
func (r *run) taken(ctx context.Context, acc core.AccountRequest, diags *diag.Diagnostics) core.AccountRequest {
	old, is := r.accounts.of(acc.MachineName)
	if !is || old.Booted || acc.ObjectGUID != "" {
		return acc
	}
	facts, asked, err := r.account(ctx, core.AccountQuery{ObjectGUID: old.ObjectGUID}, diags)
	if err != nil || !asked || facts.Status == core.AccountGone {
		return acc
	}
	return again(acc, old)
}

// join asks the core, and fills the plan with what came of it. It returns nil after an error.
func (r *domainJoinResource) join(
	ctx context.Context, at core.Image, acc core.AccountRequest, config, plan *domainJoinModel, token string, diags *diag.Diagnostics,
) *core.Receipt {
	if !r.run.checkPaths(plan.placeWords(), &blobModel{}, &plan.joinModel, diags) {
		return nil
	}
	directory, leave, err := r.run.domain.enter(ctx, diags)
	if err != nil {
		blame(ctx, path.Root(options.MachineName.String()), "Domain not to be reached", err, diags)
		return nil
	}
	defer leave()
	req := r.request(ctx, at, plan, config, diags)
	req.Owner, acc.StagedBy = token, r.stagedBy
	defer r.run.turns.take(ctx, req.Image)()
	receipt, err := core.Join(ctx, directory, acc, req)
	if err != nil {
		blame(ctx, placeAt(at), "Machine not joined", adviseOrder(at, err), diags)
		return nil
	}
	owned := at
	owned.Location = at.Made()
	r.run.images.own(owned.Key(), token)
	if at.NewPath() != "" {
		r.run.images.own(fileAt(at.NewPath()), token)
	}
	r.run.accounts.own(receipt.Account.ObjectGUID, token)
	plan.joinModel.fill(receipt.Blob, receipt.Status)
	plan.accountFactsModel.fill(receipt.Account, stagedPassword(receipt))
	plan.AccountSID = types.StringValue(receipt.Account.SID)
	if plan.Domain.IsNull() {
		plan.Domain = stringOrNull(receipt.Account.Domain)
	}
	return receipt
}

// stagedPassword names the password that the image holds, by the time at which it was set.
func stagedPassword(receipt *core.Receipt) core.FileTime {
	if in := receipt.Status.Account; in != nil {
		return in.PasswordLastSet
	}
	return receipt.Account.PasswordLastSet
}

// remember records what the resource knows of its join and its account.
func (r *domainJoinResource) remember(
	ctx context.Context, private privateWriter, receipt *core.Receipt, taken bool, diags *diag.Diagnostics,
) {
	mine := ofReceipt(receipt)
	mine.record(ctx, private, diags)
	accountRecord{
		ObjectGUID: receipt.Account.ObjectGUID, PasswordLastSet: stagedPassword(receipt), Taken: taken,
		Booted: mine.Booted || receipt.Account.Status == core.AccountInUse,
	}.record(ctx, private, diags)
}

// markDisk remembers the disk that was just made. It is there in any case, so that a failure is a warning.
func (r *domainJoinResource) markDisk(
	ctx context.Context, private privateWriter, at core.Image, plan *domainJoinModel, diags *diag.Diagnostics,
) {
	disk := r.run.markOf(ctx, at, diags)
	record := diskRecord{Path: newPath(at), Partition: at.Partition, OnDestroy: plan.OnDestroy.ValueString()}
	if disk != nil {
		record.Mark = disk.Mark
	}
	record.record(ctx, private, diags)
	plan.diskFacts.fill(at, disk)
}

// Update gives the account a new password and stages again when the plan left the fingerprint open, enables the account, or
// only records what changed.
func (r *domainJoinResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var config, plan, state domainJoinModel
	diags := &resp.Diagnostics
	config.read(ctx, req.Config.Raw, diags)
	plan.read(ctx, req.Plan.Raw, diags)
	state.read(ctx, req.State.Raw, diags)
	plan.refuseContents(diags)
	plan.setOnDestroy(&config, diags)
	record, _ := readAccountRecord(ctx, req.Private, diags)
	var token string
	readPrivate(ctx, req.Private, tokenKey, &token, diags)
	if diags.HasError() {
		return
	}
	ctx, done := within(ctx, plan.Timeouts.Update, diags)
	defer done()
	switch {
	case plan.Fingerprint.IsUnknown():
		r.stageAgain(ctx, &config, &plan, &state, record, token, resp)
	case plan.AccountStatus.IsUnknown():
		r.enable(ctx, &plan, record, diags)
	}
	if diags.HasError() {
		return
	}
	if disk, recorded := readDiskRecord(ctx, req.Private, diags); recorded && !plan.Fingerprint.IsUnknown() {
		disk.OnDestroy = plan.OnDestroy.ValueString()
		if !state.Fingerprint.Equal(plan.Fingerprint) { // staged again, into the disk as it is
			if now := r.run.markOf(ctx, state.made(), diags); now != nil {
				disk.Mark = now.Mark
			}
		}
		disk.record(ctx, resp.Private, diags)
	}
	plan.settle()
	keepIdentity(ctx, resp.Identity, plan.identity(), diags)
	plan.write(ctx, &resp.State.Raw, diags)
}

// stageAgain gives the account a new password, and stages the join with it where the old one is. The core refuses it for an
// account that a machine has logged on with by now.
func (r *domainJoinResource) stageAgain(
	ctx context.Context, config, plan, state *domainJoinModel, record accountRecord, token string, resp *resource.UpdateResponse,
) {
	diags := &resp.Diagnostics
	account, _ := readAccount(ctx, config.Account, diags)
	acc, ok := account.request(ctx, plan.MachineName.ValueString(), diags)
	if !ok {
		return
	}
	acc = again(acc, record)
	acc.ReplaceLive = false
	receipt := r.join(ctx, state.made(), acc, config, plan, token, diags)
	if receipt == nil {
		return
	}
	r.remember(ctx, resp.Private, receipt, record.Taken, diags)
}

func (r *domainJoinResource) enable(ctx context.Context, plan *domainJoinModel, record accountRecord, diags *diag.Diagnostics) {
	at := path.Root(options.Account.String())
	directory, leave, err := r.run.domain.enter(ctx, diags)
	if err != nil {
		blame(ctx, at, "Domain not to be reached", err, diags)
		return
	}
	defer leave()
	facts, err := core.EnableAccount(ctx, directory, record.query(plan.MachineName.ValueString()))
	if err != nil {
		blame(ctx, at, "Account not enabled", err, diags)
		return
	}
	plan.accountFactsModel.refresh(facts)
}
