package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Delete ends the join, as on_destroy says of the image and account_on_destroy of the account: the image first, so that none is
// left with a join whose account is gone. What must not be done to the account is refused before the image is touched.
func (r *domainJoinResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var state domainJoinModel
	diags := &resp.Diagnostics
	state.read(ctx, req.State.Raw, diags)
	mine, recorded := owned(ctx, req.Private, diags)
	record, isRecorded := readAccountRecord(ctx, req.Private, diags)
	disk, _ := readDiskRecord(ctx, req.Private, diags)
	var token string
	readPrivate(ctx, req.Private, tokenKey, &token, diags)
	if diags.HasError() {
		return
	}
	if !recorded { // of a tainted resource Terraform hands on what was planned for the new one
		token, mine.Fingerprint = "", state.Fingerprint.ValueString()
	}
	if !isRecorded || record.ObjectGUID != state.ObjectGUID.ValueString() { // nothing is known of it: it is not deleted
		record = accountRecord{ObjectGUID: state.ObjectGUID.ValueString(), Taken: true}
	}
	ctx, done := within(ctx, state.Timeouts.Delete, diags)
	defer done()
	end := core.AccountEnd(state.AccountOnDestroy.ValueString())
	if token != "" && r.run.accounts.ownedByOther(record.ObjectGUID, token) {
		diags.AddWarning("Account handed over", "The account of "+state.MachineName.ValueString()+" belongs to another resource by now, "+
			"which took it over, so it stays.")
		end = core.AccountKeep
	}
	if r.mayEnd(ctx, end, record, &state, diags); diags.HasError() {
		return
	}
	onDestroy := state.OnDestroy.ValueString()
	if state.makesDisk() {
		r.run.removeDisk(ctx, state.made(), removedDisk{disk, onDestroy, token, r.stagedBy, placeAt(state.image())}, diags)
	} else {
		r.run.takeBack(ctx, state.made(), takenBack{mine, onDestroy, token, r.stagedBy, end != core.AccountKeep}, diags)
	}
	if diags.HasError() {
		return
	}
	r.run.accounts.see(state.MachineName.ValueString(), record)
	r.endAccount(ctx, end, record, &state, diags)
}

// mayEnd refuses what must not be done to the account, with nothing done yet.
func (r *domainJoinResource) mayEnd(
	ctx context.Context, end core.AccountEnd, record accountRecord, state *domainJoinModel, diags *diag.Diagnostics,
) {
	if end == core.AccountKeep || end == "" {
		return
	}
	facts, asked, err := r.run.account(ctx, record.query(state.MachineName.ValueString()), diags)
	at := path.Root(options.AccountOnDestroy.String())
	switch {
	case err != nil:
		blame(ctx, at, "Domain not to be reached", err, diags)
	case !asked:
		diags.AddAttributeError(at, "Domain not known", "active_directory is not known, so nothing was done.")
	case end == core.AccountDelete:
		refuseToDelete(record, state, facts.Status, diags)
	}
}

// refuseToDelete adds an error where the account of a resource must not be deleted.
func refuseToDelete(record accountRecord, state *domainJoinModel, status core.AccountStatus, diags *diag.Diagnostics) {
	machine := state.MachineName.ValueString()
	at := path.Root(options.AccountOnDestroy.String())
	switch {
	case status == core.AccountGone:
	case record.Taken:
		diags.AddAttributeError(at, "Account not to be deleted", "The account of "+machine+" was there before this resource, so it is "+
			`not deleted with it, and nothing was done: apply account_on_destroy = "disable" or "keep" first.`)
	case (record.Booted || status == core.AccountInUse) && !state.DeleteLive.ValueBool():
		diags.AddAttributeError(at, "Account in use", "A machine has booted with the account of "+machine+", so it is not deleted, and "+
			`nothing was done: apply account_on_destroy = "disable" or "keep" first, or delete_live = true.`)
	}
}

// endAccount does what account_on_destroy says.
func (r *domainJoinResource) endAccount(
	ctx context.Context, end core.AccountEnd, record accountRecord, state *domainJoinModel, diags *diag.Diagnostics,
) {
	if end == core.AccountKeep || end == "" {
		return
	}
	at := path.Root(options.AccountOnDestroy.String())
	directory, leave, err := r.run.domain.enter(ctx, diags)
	if err == nil {
		defer leave()
		var facts *core.AccountFacts
		facts, err = core.ReleaseAccount(ctx, directory, core.AccountRelease{
			AccountQuery: record.query(state.MachineName.ValueString()), End: end, Adopted: record.Taken,
			DeleteLive: state.DeleteLive.ValueBool(),
		})
		if err == nil && facts.NameTaken {
			diags.AddWarning("Account gone", "The account of "+state.MachineName.ValueString()+" (objectGUID "+record.ObjectGUID+") did not "+
				"exist any more. Another one has its name, and is left alone.")
		}
	}
	if err != nil {
		blame(ctx, at, "Account not ended", err, diags)
	}
}
