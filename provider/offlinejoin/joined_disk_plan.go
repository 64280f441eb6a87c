package offlinejoin

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// diskPlanning is one call of ModifyPlan.
type diskPlanning struct {
	*joinedDiskResource
	req                 resource.ModifyPlanRequest
	resp                *resource.ModifyPlanResponse
	config, plan, state joinedDiskModel
	at                  core.Image
	isNew               bool // there is nothing in the state
	mine                ownership
}

// ModifyPlan decides whether a new disk is made, and lets what cannot work fail in the plan. A replacement is planned in two
// calls: as a change, and then as a new disk.
func (r *joinedDiskResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	p := &diskPlanning{joinedDiskResource: r, req: req, resp: resp, isNew: req.State.Raw.IsNull()}
	diags := &resp.Diagnostics
	if !p.isNew {
		p.state.read(ctx, req.State.Raw, diags)
	}
	if req.Plan.Raw.IsNull() {
		p.destroy()
		return
	}
	p.mine, _ = owned(ctx, req.Private, diags)
	p.config.read(ctx, req.Config.Raw, diags)
	p.plan.read(ctx, req.Plan.Raw, diags)
	if diags.HasError() {
		return
	}
	p.place()
	checkReuse(&p.plan.joinModel, &p.config.joinModel, diags)
	r.run.checkPaths(p.plan.placeWords(), &p.config.blobModel, &p.plan.joinModel, diags)
	blob := p.config.blob(r.run.identityFile, diags)
	defer blob.Wipe()
	var facts core.BlobFacts
	if blob.state == blobKnown {
		facts, _ = blob.check(p.config.expect(), diags)
	}
	if diags.HasError() {
		return
	}
	stays := p.decide(blob.masked(ctx), blob, facts)
	p.claim(ctx, blob, facts, stays)
	if !diags.HasError() {
		p.plan.write(ctx, &resp.Plan.Raw, diags)
	}
}

// place takes over where the disk is going to be.
func (p *diskPlanning) place() {
	var err error
	p.at, err = p.plan.place()
	if p.plan.placeUnknown() {
		return
	}
	if err != nil {
		p.resp.Diagnostics.AddAttributeError(path.Root(options.ImagePath.String()), "Disk not to be made", err.Error())
		return
	}
	if p.isNew || p.plan.movesFrom(&p.state, p.mine) {
		p.plan.ID, p.plan.Path = types.StringValue(p.at.ID()), types.StringValue(newPath(p.at))
	} else { // another spelling, or another working directory
		p.plan.ID, p.plan.Path = p.state.ID, p.state.Path
	}
}

// claim fails the plan when another resource of this run wants the same disk, or the same account for another one.
func (p *diskPlanning) claim(ctx context.Context, blob givenBlob, facts core.BlobFacts, stays bool) {
	token := tokenOf(ctx, p.req.Private, p.resp.Private, &p.resp.Diagnostics)
	at := p.at
	if p.plan.placeUnknown() {
		at = core.Image{}
	}
	want := newClaim(token, at, account(facts), blob.name)
	want.allowsSharing = stays || p.plan.Reuse.ValueString() == reuseAllow
	if clash := p.run.claims.take(want); clash != "" {
		p.resp.Diagnostics.AddAttributeError(placeAt(at), "Claimed twice", clash+".")
	}
}

// decide plans a new disk, a replacement, or no change. It reports whether the join stays as it is.
func (p *diskPlanning) decide(ctx context.Context, blob givenBlob, facts core.BlobFacts) (stays bool) {
	diags := &p.resp.Diagnostics
	if p.isNew {
		blob.warnOfMissing(diags)
		p.rehearseNew(ctx, blob, facts)
		return false
	}
	if record, recorded := readDiskRecord(ctx, p.req.Private, diags); recorded {
		record.OnDestroy = p.state.OnDestroy.ValueString()
		p.run.disks.see(record)
	}
	changed := p.changed(blob, facts)
	switch {
	case p.plan.movesFrom(&p.state, p.mine):
		p.replace()
	case changed && p.booted():
		p.tellOfUnused()
		p.keep()
		return true
	case changed:
		p.replace(options.Fingerprint)
	case p.anotherMethod():
		p.replace(options.MethodName)
	default:
		p.keep()
		return true
	}
	return false
}

// changed reports whether the blob is another than the disk was made with, whatever has become of that.
func (p *diskPlanning) changed(blob givenBlob, facts core.BlobFacts) bool {
	if blob.state != blobKnown {
		return !p.plan.BlobWOVersion.Equal(p.state.BlobWOVersion)
	}
	return facts.Fingerprint != cmp.Or(p.mine.Fingerprint, p.state.Fingerprint.ValueString())
}

// booted reports whether the join in the disk was completed, so that a new blob is of no use to it.
func (p *diskPlanning) booted() bool {
	switch p.state.state() {
	case core.StateCompleted, core.StateJoined, core.StateForeign:
		return true
	}
	return false
}

// anotherMethod reports whether the join waits to be completed in another way than is wanted.
func (p *diskPlanning) anotherMethod() bool {
	wanted := p.plan.Method
	return !wanted.Equal(p.state.Method) && !p.booted() &&
		(wanted.IsUnknown() || wanted.ValueString() != options.MethodName.Default() && !wanted.Equal(p.state.MethodUsed))
}

// replace plans another disk. Terraform plans it once more, as a new one, where the attributes ask for that or one of these.
func (p *diskPlanning) replace(because ...options.Name) {
	p.plan.joinModel.setUnknown(&p.config.joinModel)
	p.plan.diskFacts.setUnknown()
	for _, attribute := range because {
		p.resp.RequiresReplace.Append(path.Root(attribute.String()))
	}
}

func (p *diskPlanning) keep() {
	p.plan.joinModel.keep(&p.state.joinModel, &p.config.joinModel)
	p.plan.diskFacts.keep(&p.state.diskFacts)
	if !p.state.isFor(p.config.expect()) {
		p.resp.Diagnostics.AddAttributeError(path.Root(options.MachineName.String()), "Expectation not met", "the join in "+
			p.state.made().String()+" is for "+p.state.MachineName.ValueString()+", but "+
			plaintext.Line(p.config.MachineName.ValueString(), plaintext.Name)+" was expected: give another machine another disk, "+
			"or change machine_name.")
	}
}

func (p *diskPlanning) tellOfUnused() {
	p.resp.Diagnostics.AddAttributeWarning(placeAt(p.state.image()), "Blob not used", "The machine of "+
		p.state.made().String()+" has booted already ("+p.state.Status.ValueString()+"), so the blob that this resource has now is "+
		"not used. A new disk is made with another path, or with on_destroy = \"delete\" and -replace.")
}

// rehearseNew rehearses the making of a new disk. One that is at its path now is what an interrupted apply has made already,
// or that of a resource which goes in this run.
func (p *diskPlanning) rehearseNew(ctx context.Context, blob givenBlob, facts core.BlobFacts) {
	diags := &p.resp.Diagnostics
	if p.plan.placeUnknown() {
		return
	}
	req := p.run.request(ctx, p.at, &p.plan.joinModel, &p.config.joinModel, blob, diags)
	req.StagedBy = p.stagedBy
	record, replaced := readDiskRecord(ctx, p.req.Private, diags)
	if replaced { // at another path, perhaps: its account is free by then only when its disk goes unused
		if old, is := p.run.disks.at(record.Path); is {
			record = old
		}
		if why, err := record.stays(ctx); err == nil && why == "" {
			req.SingleUse = req.SingleUse.WithoutLedger()
		}
	}
	old, goes := p.run.disks.at(p.at.NewPath())
	if goes && core.DiskExists(p.at) {
		p.remake(ctx, &req, old, replaced && fileAt(record.Path) == fileAt(old.Path), facts)
	}
	if !diags.HasError() {
		p.rehearse(ctx, req, blob)
	}
}

// remake plans a new disk in the place of one that a resource has made which goes in this run: this one, which is replaced, or
// one that is tainted or has another name, of which Terraform hands nothing on. path is left to the apply when the old file has
// to be gone by then.
func (p *diskPlanning) remake(ctx context.Context, req *core.Request, old diskRecord, replaced bool, facts core.BlobFacts) {
	if !replaced {
		old.record(ctx, p.resp.Private, &p.resp.Diagnostics) // Terraform hands it to the destruction of a tainted one
		status, err := core.ReadStatus(ctx, core.StatusRequest{Image: old.image()})
		whole := err == nil && status.State == core.StateStaged && status.Detail == ""
		if core.InUse(err) || whole && status.Fingerprint == facts.Fingerprint {
			return // it is taken over
		}
	}
	why, err := old.stays(ctx)
	if err != nil {
		why = err.Error()
	}
	if why != "" {
		p.resp.Diagnostics.AddAttributeError(placeAt(p.at), "Disk stays", p.at.String()+" stays where it is when its resource is "+
			"replaced, because "+why+", so that no new disk can be made there. "+waysAroundADisk)
		return
	}
	req.Image.Anew, req.SingleUse = true, req.SingleUse.WithoutLedger()
	p.plan.Path = types.StringUnknown()
}

// waysAroundADisk are the ways out where a disk stays that its resource would be replaced by.
const waysAroundADisk = "Give the new disk another path; or, if the old one is not needed any more, shut its machine down and " +
	"remove the file, or apply on_destroy = \"delete\" first (of a tainted resource, run terraform untaint before)."

// anotherPath is the way out where a new disk comes before the old one goes.
const anotherPath = "With create_before_destroy, also where another resource that depends on this one asks for it, give every " +
	"new disk another path."

// bothAtOnce is the way out where a new disk comes before the old one goes, and a ledger is kept.
const bothAtOnce = "If that is the disk of the resource that this one replaces, it goes only when the new one is made, as with " +
	"create_before_destroy, and has its account in use until then: set reuse = \"allow\" with a reuse_reason, or leave " +
	"create_before_destroy out, and apply again."

// adviseAnotherPath adds to the refusal of a disk that is there what Terraform's order may have to do with it. When Terraform
// applies a replacement that comes first, it plans it anew as a new disk, and hands on nothing of the old one.
func adviseAnotherPath(at core.Image, err error) error {
	if code, _ := winerr.CodeOf(err); code != winerr.CantCreateJoinInfo || !core.DiskExists(at) {
		return err
	}
	return fmt.Errorf("%w\n\n%s", err, anotherPath)
}

// advise adds to a refusal what Terraform's order may have to do with it.
func (p *diskPlanning) advise(err error) error {
	if code, _ := winerr.CodeOf(err); code == winerr.AccountReuseBlocked { // by the ledger
		return fmt.Errorf("%w\n\n%s", err, bothAtOnce)
	}
	return adviseAnotherPath(p.at, err)
}

// rehearse lets the core check all that it would check when it makes the disk, if blob and golden image are there. A file
// that somebody is changing right now is looked at when Terraform applies.
func (p *diskPlanning) rehearse(ctx context.Context, req core.Request, blob givenBlob) {
	diags := &p.resp.Diagnostics
	golden := req.Image
	golden.OverlayPath, golden.CopyPath = "", ""
	if golden.Presence() != core.Present && !core.DiskExists(p.at) {
		diags.AddAttributeWarning(path.Root(options.ImagePath.String()), "Golden image not checked yet", golden.String()+
			" does not exist now, and must when Terraform applies.")
		return
	}
	if blob.state != blobKnown || p.plan.openChoice() || !lasts(req.Image, diags) {
		return
	}
	defer p.run.turns.take(ctx, req.Image)()
	receipt, err := core.Plan(ctx, req)
	if err != nil && !core.InUse(err) {
		blame(ctx, placeAt(req.Image), "Disk cannot be made", p.advise(err), diags)
	}
	if _, ours := p.run.disks.at(p.at.NewPath()); !ours {
		warnOfTakeover(receipt, req.Image, diags)
	}
}

// lasts refuses to make a disk whose use would not be seen later.
func lasts(at core.Image, diags *diag.Diagnostics) bool {
	if !core.MakesDifferencing(at) {
		return true
	}
	diags.AddAttributeError(path.Root(options.OverlayPath.String()), "Differencing disk not supported", at.Made().String()+
		" would be a differencing disk of Windows, and whether a machine has used one is not seen: use copy_path, or make the disk "+
		"with `offlinejoin apply`.")
	return false
}

// destroy tells in the plan what destroying does with a disk that was used.
func (p *diskPlanning) destroy() {
	if state := p.state.state(); state == core.StateStaged || state == core.StateAbsent {
		return
	}
	switch disk := p.state.made().String(); p.state.OnDestroy.ValueString() {
	case destroyDelete:
		p.resp.Diagnostics.AddWarning("Disk of a machine removed", disk+" is the disk of a machine that has booted ("+
			p.state.Status.ValueString()+"), and is removed with this resource (on_destroy = \"delete\"). Its computer account stays in "+
			"the directory.")
	default:
		p.resp.Diagnostics.AddWarning("Disk only forgotten", disk+" is the disk of a machine that has booted ("+
			p.state.Status.ValueString()+"), and stays. Remove it when its machine is not needed any more; the computer account stays in "+
			"the directory.")
	}
}
