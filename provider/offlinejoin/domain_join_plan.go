package offlinejoin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// domainPlanning is one call of ModifyPlan.
type domainPlanning struct {
	*domainJoinResource
	req                 resource.ModifyPlanRequest
	resp                *resource.ModifyPlanResponse
	config, plan, state domainJoinModel
	account             accountModel
	known               bool // all of account
	at                  core.Image
	isNew               bool // there is nothing in the state
	mine                ownership
}

// ModifyPlan decides what becomes of the account and the image, and lets what cannot work fail in the plan. A replacement is
// planned in two calls: as a change, and then as a new resource.
func (r *domainJoinResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	p := &domainPlanning{domainJoinResource: r, req: req, resp: resp, isNew: req.State.Raw.IsNull()}
	diags := &resp.Diagnostics
	if !p.isNew {
		p.state.read(ctx, req.State.Raw, diags)
	}
	if req.Plan.Raw.IsNull() {
		p.destroy(ctx)
		return
	}
	p.mine, _ = owned(ctx, req.Private, diags)
	p.config.read(ctx, req.Config.Raw, diags)
	p.plan.read(ctx, req.Plan.Raw, diags)
	if diags.HasError() {
		return
	}
	p.account, p.known = readAccount(ctx, p.config.Account, diags)
	p.plan.setOnDestroy(&p.config, diags)
	checkReuse(&p.plan.joinModel, &p.config.joinModel, diags)
	r.run.checkPaths(p.plan.placeWords(), &blobModel{}, &p.plan.joinModel, diags)
	p.place()
	if diags.HasError() {
		return
	}
	p.claim(ctx)
	if p.isNew {
		p.rehearseNew(ctx)
	} else {
		p.decide(ctx)
	}
	if !diags.HasError() {
		p.plan.write(ctx, &resp.Plan.Raw, diags)
	}
}

// place takes over where the image is going to be.
func (p *domainPlanning) place() {
	var err error
	p.at, err = p.plan.place()
	if p.plan.placeUnknown() {
		p.at = core.Image{}
		return
	}
	if err != nil {
		p.resp.Diagnostics.AddAttributeError(placeAt(p.plan.image()), "Image not to be found", err.Error())
		return
	}
	switch {
	case !p.isNew && !p.plan.movesFrom(&p.state, p.mine): // another spelling, or another working directory
		p.plan.diskFacts = p.state.diskFacts
	case p.plan.makesDisk():
		p.plan.Path = types.StringValue(newPath(p.at))
	default:
		p.plan.diskFacts = noDisk()
	}
}

// claim fails the plan when another resource of this run wants the same image or account.
func (p *domainPlanning) claim(ctx context.Context) {
	token := tokenOf(ctx, p.req.Private, p.resp.Private, &p.resp.Diagnostics)
	account := ""
	if !p.plan.MachineName.IsUnknown() {
		account = p.run.domain.named() + `\` + p.plan.MachineName.ValueString()
	}
	want := newClaim(token, p.at, account, "")
	want.made = true
	if clash := p.run.claims.take(want); clash != "" {
		p.resp.Diagnostics.AddAttributeError(placeAt(p.at), "Claimed twice", clash+".")
	}
}

// decide plans what the state of directory and image asks for.
func (p *domainPlanning) decide(ctx context.Context) {
	diags := &p.resp.Diagnostics
	record := p.remembered(ctx)
	p.seeDisk(ctx)
	if p.plan.movesFrom(&p.state, p.mine) || p.anotherMachine() {
		p.plan.setUnknown(&p.config)
		return // the attributes ask for another resource
	}
	if guid := p.account.ObjectGUID; p.known && !guid.IsNull() && !strings.EqualFold(guid.ValueString(), record.ObjectGUID) {
		p.replace(path.Root(options.Account.String()).AtName(options.AccountObjectGUID.String()))
		return
	}
	switch p.drift(ctx, record).decide() {
	case accountLeave:
		p.plan.keep(&p.state, &p.config)
	case accountEnable:
		p.plan.keep(&p.state, &p.config)
		p.plan.AccountStatus = types.StringUnknown()
	case accountRemake:
		diags.AddAttributeWarning(path.Root(options.MachineName.String()), "Account gone", "The account of "+
			p.state.MachineName.ValueString()+" (objectGUID "+record.ObjectGUID+") does not exist any more, and no machine has booted with "+
			"it: the join is made anew, with another account.")
		p.replace(path.Root(string(objectGUIDFact)))
	case accountRejoin:
		p.replace(path.Root(options.Account.String()))
	case accountReset:
		p.rehearseReset(ctx, record)
		p.plan.keep(&p.state, &p.config)
		p.plan.joinModel.setUnknown(&p.config.joinModel)
		p.plan.DN, p.plan.PasswordLastSet, p.plan.AccountStatus = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	case accountRefuse:
		diags.AddAttributeError(path.Root(options.MachineName.String()), "Account of a machine gone", "The account of "+
			p.state.MachineName.ValueString()+" (objectGUID "+record.ObjectGUID+") does not exist any more, and its machine has booted. "+
			"Another account would have another SID and none of its groups, so none is made. Restore it (Active Directory's recycle "+
			"bin), and this plan is empty again; or, if the machine is no more, let Terraform forget it with `terraform state rm`.")
	}
}

// remembered returns what the resource remembers, and lets the run know it.
func (p *domainPlanning) remembered(ctx context.Context) accountRecord {
	record, recorded := readAccountRecord(ctx, p.req.Private, &p.resp.Diagnostics)
	if !recorded {
		record.ObjectGUID, record.Booted, record.Taken = p.state.ObjectGUID.ValueString(), true, true
	}
	p.run.accounts.see(p.state.MachineName.ValueString(), p.state.ends(record))
	return record
}

func (p *domainPlanning) seeDisk(ctx context.Context) {
	if record, recorded := readDiskRecord(ctx, p.req.Private, &p.resp.Diagnostics); recorded {
		record.OnDestroy = p.state.OnDestroy.ValueString()
		p.run.disks.see(record)
	}
}

func (p *domainPlanning) anotherMachine() bool {
	return !strings.EqualFold(p.plan.MachineName.ValueString(), p.state.MachineName.ValueString())
}

// replace plans another resource. Terraform plans it once more, as a new one.
func (p *domainPlanning) replace(because path.Path) {
	p.plan.setUnknown(&p.config)
	p.plan.ID = types.StringUnknown()
	p.resp.RequiresReplace.Append(because)
}

// drift gathers what the action depends on. Read has brought the state up to date.
func (p *domainPlanning) drift(ctx context.Context, record accountRecord) accountDrift {
	d := accountDrift{
		account: core.AccountStatus(p.state.AccountStatus.ValueString()), booted: record.Booted || p.mine.Booted,
		image: p.state.state(), disk: p.plan.makesDisk(),
		mine:   p.mine.Fingerprint != "" && p.mine.Fingerprint == p.state.Fingerprint.ValueString(),
		enable: p.known && p.account.Enabled.ValueBool(),
	}
	if at := p.state.made(); at.Presence() != core.Present {
		d.image = ""
	}
	before, _ := readAccount(ctx, p.state.Account, &p.resp.Diagnostics)
	d.inputs = p.known && !p.account.sameBlob(&before, p.state.MachineName.ValueString(), p.state.Domain.ValueString()) || p.anotherMethod()
	if record.PasswordLastSet != 0 || !d.inputs {
		return d
	}
	d.inputs = false // imported: nothing is known of what it was made with
	return d
}

// anotherMethod reports whether the join waits to be completed in another way than is wanted.
func (p *domainPlanning) anotherMethod() bool {
	wanted := p.plan.Method
	return !wanted.IsUnknown() && !wanted.Equal(p.state.Method) && wanted.ValueString() != options.MethodName.Default() &&
		!wanted.Equal(p.state.MethodUsed)
}

// rehearseReset lets the core check all that it would check when it gives the account a new password.
func (p *domainPlanning) rehearseReset(ctx context.Context, record accountRecord) {
	acc, ok := p.account.request(ctx, p.plan.MachineName.ValueString(), &p.resp.Diagnostics)
	if !ok {
		return
	}
	p.rehearse(ctx, again(acc, record), p.request(ctx, p.state.made(), &p.plan, &p.config, &p.resp.Diagnostics))
}

// again is a request for the account that a resource has already.
func again(acc core.AccountRequest, record accountRecord) core.AccountRequest {
	acc.ObjectGUID, acc.OU = record.ObjectGUID, "" // no account is moved
	return acc
}

// rehearseNew rehearses the making of a new account and join. What is in their places now is what an interrupted apply has
// made, or that of a resource which goes in this run.
func (p *domainPlanning) rehearseNew(ctx context.Context) {
	diags := &p.resp.Diagnostics
	p.plan.ID = types.StringUnknown()
	if _, recorded := readAccountRecord(ctx, p.req.Private, diags); !recorded {
		if old, is := p.run.accounts.of(p.plan.MachineName.ValueString()); is {
			old.record(ctx, p.resp.Private, diags) // Terraform hands it to the destruction of a tainted one
		}
	}
	if p.run.domain.unknown || !p.known || p.plan.MachineName.IsUnknown() {
		return
	}
	acc, ok := p.account.request(ctx, p.plan.MachineName.ValueString(), diags)
	if !ok || p.plan.placeUnknown() || p.plan.openChoice() {
		if ok {
			p.rehearseAccount(ctx, p.taken(ctx, acc))
		}
		return
	}
	req := p.request(ctx, p.at, &p.plan, &p.config, diags)
	p.makeRoom(ctx, &req)
	p.refuseLive(ctx, acc, req)
	if diags.HasError() {
		return
	}
	from := req.Image
	from.OverlayPath, from.CopyPath = "", ""
	if from.Presence() != core.Present && !(p.at.NewPath() != "" && core.DiskExists(p.at)) {
		diags.AddAttributeWarning(placeAt(from), "Image not checked yet", from.String()+" does not exist now, and must when Terraform "+
			"applies.")
		p.rehearseAccount(ctx, p.taken(ctx, acc))
		return
	}
	p.rehearse(ctx, p.taken(ctx, acc), req)
}

// taken lets a request take the account of a resource that goes in this run, as long as no machine has booted with it.
func (p *domainPlanning) taken(ctx context.Context, acc core.AccountRequest) core.AccountRequest {
	return p.run.taken(ctx, acc, &p.resp.Diagnostics)
}

// makeRoom plans for what is in the place of the image now and goes in this run.
func (p *domainPlanning) makeRoom(ctx context.Context, req *core.Request) {
	if p.at.NewPath() == "" {
		if seen := p.run.images.seenIn(req.Image.Key()); seen != "" && imageHas(ctx, req.Image, seen) {
			req.OnExisting, req.SingleUse = core.OnExistingReplace, req.SingleUse.WithoutLedger()
		}
		return
	}
	record, replaced := readDiskRecord(ctx, p.req.Private, &p.resp.Diagnostics)
	if !replaced {
		if old, is := p.run.disks.at(p.at.NewPath()); is {
			old.record(ctx, p.resp.Private, &p.resp.Diagnostics) // Terraform hands it to the destruction of a tainted one
		}
		return
	}
	if old, is := p.run.disks.at(record.Path); is {
		record = old
	}
	why, err := record.stays(ctx)
	if err != nil {
		why = err.Error()
	}
	if why == "" {
		req.SingleUse = req.SingleUse.WithoutLedger()
	}
	if fileAt(record.Path) != fileAt(p.at.NewPath()) || !core.DiskExists(p.at) {
		return
	}
	if why != "" {
		p.resp.Diagnostics.AddAttributeError(placeAt(p.at), "Disk stays", p.at.String()+" stays where it is when its resource is "+
			"replaced, because "+why+", so that no new disk can be made there. "+waysAroundADisk)
		return
	}
	req.Image.Anew = true
	p.plan.Path = types.StringUnknown()
}

// refuseLive refuses to join anew with an account that a machine uses, and that stays when its resource is replaced. The core cannot:
// while it looks, the image still holds the join that goes.
func (p *domainPlanning) refuseLive(ctx context.Context, acc core.AccountRequest, req core.Request) {
	old, is := p.run.accounts.of(acc.MachineName)
	if !is || !old.Booted || old.Stays == "" || acc.ReplaceLive && (acc.ObjectGUID != "" || acc.Reuse != core.AccountReuseRefuse) ||
		!p.joinGoes(ctx, req, old) {
		return
	}
	p.resp.Diagnostics.AddAttributeError(path.Root(options.MachineName.String()), "Account in use", "A machine has booted with the account of "+
		acc.MachineName+", which stays when its resource is replaced, because "+old.Stays+": another join would cut that machine off, so "+
		"nothing was done. Leave the resource as it is (terraform untaint); or, if the machine is no more, set "+
		"account = { reuse = \"own\", replace_live = true }.")
}

// joinGoes reports whether the join that is in the place of the image now goes with its resource.
func (p *domainPlanning) joinGoes(ctx context.Context, req core.Request, old accountRecord) bool {
	if p.at.NewPath() == "" {
		return req.OnExisting == core.OnExistingReplace && !old.Abandons
	}
	disk, is := p.run.disks.at(p.at.NewPath())
	if !is {
		return req.Image.Anew
	}
	why, err := disk.stays(ctx)
	return why == "" && err == nil
}

// rehearse lets the core check all that it would check when it joins. What somebody is changing right now is looked at when
// Terraform applies.
func (p *domainPlanning) rehearse(ctx context.Context, acc core.AccountRequest, req core.Request) {
	p.ask(ctx, placeAt(req.Image), func(directory *core.Directory) error {
		defer p.run.turns.take(ctx, req.Image)()
		_, receipt, err := core.PlanJoin(ctx, directory, acc, req)
		_, ours := p.run.disks.at(p.at.NewPath())
		if !ours && p.run.images.seenIn(req.Image.Key()) == "" {
			warnOfTakeover(receipt, req.Image, &p.resp.Diagnostics)
		}
		return err
	})
}

// rehearseAccount is rehearse where the image is not known, or not there yet.
func (p *domainPlanning) rehearseAccount(ctx context.Context, acc core.AccountRequest) {
	p.ask(ctx, path.Root(options.MachineName.String()), func(directory *core.Directory) error {
		_, err := core.PlanAccount(ctx, directory, acc)
		return err
	})
}

func (p *domainPlanning) ask(ctx context.Context, at path.Path, do func(directory *core.Directory) error) {
	diags := &p.resp.Diagnostics
	if p.run.domain.unknown {
		return
	}
	directory, leave, err := p.run.domain.enter(ctx, diags)
	if err != nil {
		blame(ctx, at, "Domain not to be reached", err, diags)
		return
	}
	defer leave()
	if err := do(directory); err != nil && !core.InUse(err) {
		blame(ctx, at, "Machine cannot be joined", adviseOrder(p.at, err), diags)
	}
}

// adviseOrder adds to the refusal of a disk that is there, or of a join that was made with other words, what Terraform's order may
// have to do with it. When Terraform applies a replacement that comes first, it plans it anew as a new resource, and hands on
// nothing of the old one.
func adviseOrder(at core.Image, err error) error {
	if _, is := errors.AsType[*core.OtherInputsError](err); !is || at.NewPath() != "" {
		return adviseAnotherPath(at, err)
	}
	return fmt.Errorf("%w\n\nIf it is the join of the resource that this one replaces, that one has not gone yet, as with "+
		"create_before_destroy, also where another resource that depends on this one asks for it: take the join back with "+
		"offlinejoin unstage, set account = { reuse = \"own\" }, and apply again", err)
}

// request turns what the user wrote into a request to the core.
func (r *domainJoinResource) request(
	ctx context.Context, at core.Image, plan, config *domainJoinModel, diags *diag.Diagnostics,
) core.Request {
	req := r.run.request(ctx, at, &plan.joinModel, &config.joinModel, givenBlob{}, diags)
	req.StagedBy, req.Expect = r.stagedBy, core.Expect{}
	return req
}

// destroy tells in the plan what destroying will not do, and refuses what it must not.
func (p *domainPlanning) destroy(ctx context.Context) {
	diags := &p.resp.Diagnostics
	record := p.remembered(ctx)
	machine := p.state.MachineName.ValueString()
	end := core.AccountEnd(p.state.AccountOnDestroy.ValueString())
	if end == core.AccountDelete {
		refuseToDelete(record, &p.state, core.AccountStatus(p.state.AccountStatus.ValueString()), diags)
	}
	if p.state.OnDestroy.ValueString() == destroyFail && p.state.state() == core.StateStaged {
		refuseToDestroy(p.state.made().String(), diags)
	}
	if diags.HasError() || !record.Booted {
		return
	}
	switch end {
	case core.AccountDisable:
		diags.AddWarning("Account of a machine disabled", machine+" has booted, and its account is disabled with this resource "+
			`(account_on_destroy = "disable"): if the machine still runs, nobody can log on to it with a domain account any more.`)
	case core.AccountDelete:
		diags.AddWarning("Account of a machine deleted", machine+" has booted, and its account is deleted with this resource "+
			`(account_on_destroy = "delete", delete_live = true): if the machine still runs, it is no member of the domain any more.`)
	default:
		diags.AddWarning("Account only forgotten", "The account of "+machine+` stays in the directory (account_on_destroy = "keep").`)
	}
}
