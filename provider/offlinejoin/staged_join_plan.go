package offlinejoin

import (
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

// planning is one call of ModifyPlan.
type planning struct {
	*stagedJoinResource
	req                 resource.ModifyPlanRequest
	resp                *resource.ModifyPlanResponse
	config, plan, state stagedJoinModel
	isNew               bool // there is nothing in the state, or another image
	mine                ownership
	recorded            bool // mine is known
}

// ModifyPlan decides whether the image gets staged (again), and lets what cannot work fail in the plan: a wrong blob, an
// image that takes no join, two resources that want the same. It looks at the image when that is there; an image that is
// made or mounted by what is applied before is looked at then.
func (r *stagedJoinResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	p := &planning{stagedJoinResource: r, req: req, resp: resp, isNew: req.State.Raw.IsNull()}
	if !p.isNew {
		p.state.read(ctx, req.State.Raw, &resp.Diagnostics)
	}
	if req.Plan.Raw.IsNull() {
		p.destroy()
		return
	}
	p.config.read(ctx, req.Config.Raw, &resp.Diagnostics)
	p.plan.read(ctx, req.Plan.Raw, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	at, err := p.plan.place()
	if err != nil && !p.plan.placeUnknown() {
		resp.Diagnostics.AddAttributeError(placeAt(p.plan.image()), "Image not to be found", err.Error())
		return
	}
	p.mine, p.recorded = owned(ctx, req.Private, &resp.Diagnostics)
	moves := !p.isNew && p.plan.movesFrom(&p.state, p.mine)
	switch {
	case !p.isNew && !moves:
		p.plan.ID = p.state.ID // another spelling, or another working directory
	case !p.plan.placeUnknown():
		p.plan.ID = types.StringValue(at.ID())
	}
	checkReuse(&p.plan.joinModel, &p.config.joinModel, &resp.Diagnostics)
	p.checkPaths(&p.config, &p.plan, &resp.Diagnostics)
	blob := p.config.blob(r.run.identityFile, &resp.Diagnostics)
	defer blob.Wipe()
	var facts core.BlobFacts
	if blob.state == blobKnown {
		facts, _ = blob.check(p.config.expect(), &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	stays := p.decide(blob.masked(ctx), blob, facts, moves)
	p.claim(ctx, blob, facts, stays)
	if !resp.Diagnostics.HasError() {
		p.plan.write(ctx, &resp.Plan.Raw, &resp.Diagnostics)
	}
}

// checkReuse wants a reason for what is done on purpose.
func checkReuse(plan, config *joinModel, diags *diag.Diagnostics) {
	if plan.Reuse.ValueString() == reuseAllow && config.ReuseReason.IsNull() {
		diags.AddAttributeError(path.Root(options.ReuseReason.String()), "Reason missing",
			`reuse = "allow" needs a reuse_reason, which the ledger keeps: say why this account may be used again.`)
	}
}

// claim fails the plan when another resource of this run wants the same image, or the same account for another one.
func (p *planning) claim(ctx context.Context, blob givenBlob, facts core.BlobFacts, stays bool) {
	want := newClaim(
		tokenOf(ctx, p.req.Private, p.resp.Private, &p.resp.Diagnostics),
		p.plan.image(), account(facts), blob.name)
	want.allowsSharing = stays || p.plan.Reuse.ValueString() == reuseAllow
	if clash := p.run.claims.take(want); clash != "" {
		p.resp.Diagnostics.AddAttributeError(placeAt(p.plan.image()), "Claimed twice", clash+".")
	}
}

func account(facts core.BlobFacts) string {
	if facts.MachineName == "" {
		return ""
	}
	return facts.Domain + `\` + facts.MachineName
}

// decide plans what the state of the image asks for. It reports whether the join stays as it is.
func (p *planning) decide(ctx context.Context, blob givenBlob, facts core.BlobFacts, moves bool) (stays bool) {
	diags := &p.resp.Diagnostics
	switch {
	case moves:
		p.tellOfMove()
		fallthrough
	case p.isNew:
		blob.warnOfMissing(diags)
		p.rehearseNew(ctx, blob, moves || p.recorded)
		return false
	case !p.recorded:
		p.mine.Fingerprint = p.state.Fingerprint.ValueString()
	}
	drift := p.drift(blob, facts)
	switch drift.decide() {
	case restage:
		blob.warnOfMissing(diags)
		p.rehearse(ctx, p.request(ctx, &p.plan, &p.config, blob, drift.existing(), drift.restages, diags), blob)
		p.plan.setUnknown(&p.config.joinModel)
	case leave:
		p.tellWhyLeft(drift)
		p.plan.keep(&p.state.joinModel, &p.config.joinModel)
		return true
	case refuse:
		diags.AddAttributeError(placeAt(p.state.image()), "Image has another join", p.whyRefused())
	}
	return false
}

// drift gathers what the action depends on. Read has brought the state up to date.
func (p *planning) drift(blob givenBlob, facts core.BlobFacts) drift {
	return drift{
		image:       p.state.state(),
		inImage:     p.state.Fingerprint.ValueString(),
		damaged:     p.mine.Damaged,
		mine:        p.mine,
		blob:        blob.state,
		fingerprint: facts.Fingerprint,
		newVersion:  !p.plan.BlobWOVersion.Equal(p.state.BlobWOVersion),
		onExisting:  core.OnExisting(p.plan.OnExisting.ValueString()),
		restages:    p.plan.AfterFirstBoot.ValueString() == bootRestage,
	}
}

// rehearseNew rehearses for an image that the resource does not know yet, or of which its own join will have been taken
// back by then, and the account with it.
func (p *planning) rehearseNew(ctx context.Context, blob givenBlob, replaces bool) {
	existing := core.OnExisting(p.plan.OnExisting.ValueString())
	req := p.request(ctx, &p.plan, &p.config, blob, existing, false, &p.resp.Diagnostics)
	if replaces {
		req.SingleUse = req.SingleUse.WithoutLedger()
	}
	replaced := p.mine.Fingerprint
	if seen := p.run.images.seenIn(req.Image.Key()); replaced == "" && seen != "" {
		replaced, replaces = seen, true // of a resource that goes in this run: a tainted one, or one with another name
		req.SingleUse = req.SingleUse.WithoutLedger()
	}
	if replaces && replaced != "" && imageHas(ctx, req.Image, replaced) {
		req.OnExisting = core.OnExistingReplace
	}
	p.rehearse(ctx, req, blob)
}

func imageHas(ctx context.Context, image core.Image, fingerprint string) bool {
	status, err := core.ReadStatus(ctx, core.StatusRequest{Image: image})
	return err == nil && status.State == core.StateStaged && status.Fingerprint == fingerprint
}

// rehearse lets the core check all that it would check when it stages, if blob and image are there. An image that
// somebody is changing right now is looked at when Terraform applies.
//
// Nothing of what it reads is planned as known. A planned value is a promise, and files can be others when the plan is applied:
// Terraform then plans anew, without telling the provider that it does or what was promised, compares, and calls what differs a
// bug of the provider. See docs/internals/plugins.md.
func (p *planning) rehearse(ctx context.Context, req core.Request, blob givenBlob) {
	if p.plan.placeUnknown() || !p.imageThere(req.Image) || blob.state != blobKnown || p.plan.openChoice() {
		return
	}
	defer p.run.turns.take(ctx, req.Image)()
	receipt, err := core.Plan(ctx, req)
	if err != nil && !core.InUse(err) {
		blame(ctx, placeAt(req.Image), "Join cannot be staged", p.adviseSuccessor(ctx, req, err), &p.resp.Diagnostics)
	}
	if p.run.images.seenIn(req.Image.Key()) == "" {
		warnOfTakeover(receipt, req.Image, &p.resp.Diagnostics)
	}
}

// imageThere reports whether there is an image to look at now, and warns when not: it may be made or mounted by what is
// applied before. A Windows directory that is missing in a folder with other things is a wrong path: a mounted image has its
// Windows directory with all else. A disk image file may well be made beside others.
func (p *planning) imageThere(at core.Image) bool {
	switch presence := at.Presence(); {
	case presence == core.Present:
		return true
	case presence == core.Missing && at.ImagePath == "":
		p.resp.Diagnostics.AddAttributeError(placeAt(at), "Image not there", at.String()+" does not exist, and the folder that it "+
			"would be in holds other things: check the path. An image that is mounted or made by this run is looked for in a "+
			"folder of its own.")
	default:
		p.resp.Diagnostics.AddAttributeWarning(placeAt(at), "Image not checked yet", at.String()+" does not exist now, and must when "+
			"Terraform applies: mount it, or let what makes it be applied before (depends_on).")
	}
	return false
}

// adviseSuccessor adds the way out to a refusal because of a join that a resource of Terraform has staged, which may be the
// one that the new resource comes to replace. What a plan has found out about that does not reach the apply: Terraform
// plans a creation anew there, without private data and without having read the resource that goes, so that the provider
// cannot tell it from the join of another state; see docs/internals/plugins.md.
func (p *planning) adviseSuccessor(ctx context.Context, req core.Request, err error) error {
	if code, _ := winerr.CodeOf(err); code != winerr.CantCreateJoinInfo || req.OnExisting == core.OnExistingReplace {
		return err
	}
	status, unread := core.ReadStatus(ctx, core.StatusRequest{Image: req.Image})
	if unread != nil || status.State != core.StateStaged || status.Owner == "" {
		return err
	}
	return fmt.Errorf("%w\n\nA resource of Terraform has staged that join. If it is one that this run replaces or moves, the new "+
		"resource came before the old one had gone, as with create_before_destroy: set on_existing = \"replace\" and apply again. "+
		"A new blob alone, without -replace or taint, is staged in place and needs none of this", err)
}

// openChoice reports whether an option that the core would need is not known while planning.
func (m *stagedJoinModel) openChoice() bool {
	return m.joinModel.openChoice() || m.OnExisting.IsUnknown()
}

func (p *planning) tellOfMove() {
	p.resp.Diagnostics.AddAttributeWarning(placeAt(p.plan.image()), "Another image",
		"This resource is replaced: its join is taken back from "+p.state.image().String()+" (on_destroy = "+
			p.state.OnDestroy.String()+") and staged into "+p.newPlace()+". An image that has only moved takes its join "+
			"along: move it first, then change the path, and nothing is written.")
}

func (p *planning) newPlace() string {
	if p.plan.placeUnknown() {
		return "an image that is known after apply"
	}
	return p.plan.image().String()
}

// tellWhyLeft warns when something differs from what the user may expect, and nothing is done about it.
func (p *planning) tellWhyLeft(d drift) {
	diags := &p.resp.Diagnostics
	windowsPath := p.state.image().String()
	const way = ` Nothing is changed; after_first_boot = "restage" stages it.`
	if !p.state.isFor(p.config.expect()) {
		diags.AddAttributeError(path.Root(options.MachineName.String()), "Expectation not met", "the join in "+windowsPath+
			" is for "+p.state.MachineName.ValueString()+", but "+plaintext.Line(p.config.MachineName.ValueString(), plaintext.Name)+" was expected: give "+
			"another machine another image, or change machine_name.")
		return
	}
	switch {
	case d.mine.Fingerprint == "":
	case d.image == core.StateAbsent || d.image == core.StateJoined:
		diags.AddWarning("No join any more", windowsPath+" has booted with the join of this resource before, and has no "+
			"record of it now: it is another image, or was set back."+way+" A blob that has joined a machine before may not "+
			"do it again: make a new one.")
	case d.image == core.StateCompleted && d.blob == blobKnown && d.fingerprint != d.inImage:
		diags.AddWarning("Blob not used", "The join in "+windowsPath+" was completed with another blob than this resource "+
			"has now."+way)
	}
}

// whyRefused says what is in the image and what the user can do.
func (p *planning) whyRefused() string {
	windowsPath := p.state.image().String()
	what := "holds a join that this resource did not stage, of " + p.state.MachineName.ValueString() + ", which has booted"
	switch p.state.state() {
	case core.StateForeign:
		what = "holds a join of another tool, which is pending"
	case core.StateJoined:
		what = "is a member of a domain already, and not by the join of this resource"
	}
	return windowsPath + " " + what + ". It is left alone. Give this resource another image, or let Terraform forget it: " +
		"remove it from the configuration, or destroy it with -refresh=false. on_existing = \"keep\" leaves the image as it is " +
		"from now on, and \"replace\" stages over what is there."
}

// destroy tells in the plan what destroying will not do.
func (p *planning) destroy() {
	windowsPath := p.state.image().String()
	switch {
	case p.state.state() == core.StateCompleted:
		p.resp.Diagnostics.AddWarning("Join only forgotten", forgetting(windowsPath))
	case p.state.state() == core.StateStaged && p.state.OnDestroy.ValueString() == destroyFail:
		refuseToDestroy(windowsPath, &p.resp.Diagnostics)
	}
}

func refuseToDestroy(windowsPath string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root(options.OnDestroy.String()), "Join not to be destroyed", windowsPath+" holds a join "+
		"that waits for its first boot, and on_destroy is \"fail\": apply on_destroy = \"unstage\" or \"abandon\" first.")
}

func forgetting(windowsPath string) string {
	return "The machine of " + windowsPath + " has joined its domain already. Destroying this resource does not change the " +
		"machine, and its computer account stays in the directory; to leave the domain, do it in the running Windows or " +
		"disable the account."
}
