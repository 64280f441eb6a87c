package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Read takes over what the disk says. A disk that somebody has open, or that cannot be read, is kept as it was known: a
// machine may have made of it what it likes. Only a file that is gone takes the resource with it.
func (r *joinedDiskResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state joinedDiskModel
	diags := &resp.Diagnostics
	state.read(ctx, req.State.Raw, diags)
	mine, recorded := owned(ctx, req.Private, diags)
	record, _ := readDiskRecord(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	// First of all: Terraform before 1.12 refuses a read without identity, even of what is gone.
	keepIdentity(ctx, resp.Identity, state.identity(), diags)
	ctx, done := within(ctx, state.Timeouts.Read, diags)
	defer done()

	at := state.made()
	named := placeAt(state.image())
	switch there := at.Presence(); {
	case there != core.Present && !recorded:
		diags.AddAttributeError(named, "Disk not there", at.String()+" does not exist: import it where it is.")
		return
	case there == core.Unmounted:
		diags.AddAttributeWarning(named, "Disk not mounted", "There is nothing in the folder of "+at.String()+", no such folder, or a "+
			"link that leads nowhere, so what it is on seems not to be mounted. What was known of the disk is kept.")
		return
	case there == core.Missing:
		diags.AddAttributeWarning(named, "Disk gone", at.String()+" does not exist, so it leaves the state. If it has moved, change "+
			"its path here and import it."+r.run.releaseHint())
		resp.State.RemoveResource(ctx)
		return
	}
	record.Path, record.Partition, record.OnDestroy = newPath(at), at.Partition, state.OnDestroy.ValueString()
	r.run.disks.see(record)
	disk, err := core.ReadDisk(ctx, core.DiskRequest{Image: at, Mark: !recorded})
	if err != nil {
		r.kept(ctx, recorded, at, named, err, diags)
		return
	}
	if broken := warnOfGolden(named, &disk.Status, diags); broken && recorded {
		return // what is read through it has no meaning
	}
	if !recorded { // just imported
		if disk.Status.State == core.StateAbsent {
			resp.State.RemoveResource(ctx)
			return
		}
		mine.Fingerprint = disk.Status.Fingerprint
		record.Mark = disk.Mark
		if disk.Status.Owner != "" { // who imports a join takes it over
			writePrivate(ctx, resp.Private, tokenKey, disk.Status.Owner, diags)
		}
	}
	if disk.Status.Fingerprint == mine.Fingerprint {
		mine.Booted = mine.Booted || booted(&disk.Status)
	}
	mine.found(&disk.Status)
	r.run.disks.see(record)
	mine.record(ctx, resp.Private, diags)
	record.record(ctx, resp.Private, diags)
	warnOfDisk(named, mine, &disk.Status, diags)
	state.joinModel.refresh(disk.Status)
	path := state.Path
	state.diskFacts.fill(at, disk)
	if !path.IsNull() {
		state.Path = path
	}
	state.write(ctx, &resp.State.Raw, diags)
}

// warnOfGolden warns of an overlay whose golden image is not what it was, and reports whether the overlay is broken by that.
func warnOfGolden(at path.Path, status *core.Status, diags *diag.Diagnostics) (broken bool) {
	warning, broken := status.Golden()
	switch {
	case broken:
		diags.AddAttributeWarning(at, "Disk is broken", status.Image.WindowsPath+": "+warning+". Do not start its machine. In "+
			"Terraform, terraform apply -replace makes it anew.")
	case warning != "":
		diags.AddAttributeWarning(at, "Golden image touched", status.Image.WindowsPath+": "+warning+".")
	}
	return broken
}

// kept deals with a disk that cannot be read.
func (r *joinedDiskResource) kept(
	ctx context.Context, recorded bool, at core.Image, named path.Path, err error, diags *diag.Diagnostics,
) {
	switch {
	case !recorded || ctx.Err() != nil:
		blame(ctx, named, "Disk not readable", err, diags)
	case core.InUse(err): // that is what disks are for
		tflog.Info(ctx, "in use, kept: "+err.Error())
	default:
		diags.AddAttributeWarning(named, "Disk not readable", "What was known of "+at.String()+" is kept: "+err.Error()+".")
	}
}

// warnOfDisk tells of a join that will not complete, did not, or is not there any more. What to do is the user's to decide.
func warnOfDisk(at path.Path, mine ownership, status *core.Status, diags *diag.Diagnostics) {
	if mine.Booted || status.State != core.StateAbsent && status.Fingerprint == mine.Fingerprint {
		warnOfTrouble(at, status, diags)
		return
	}
	diags.AddAttributeWarning(at, "Not the join that was made", status.Image.WindowsPath+" does not hold the join of this resource "+
		"any more ("+string(status.State)+"): somebody has taken it back or replaced it. Nothing is changed. For a new disk, remove "+
		"the file, and apply.")
}

// ImportState takes the path of a disk, as the id or as the identity. What stands alone counts as a copy, and what stands on
// another image as an overlay of that.
func (r *joinedDiskResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	diags := &resp.Diagnostics
	id := req.ID
	if id == "" && req.Identity != nil {
		var named diskIdentity
		diags.Append(req.Identity.Get(ctx, &named)...)
		id = named.Path.ValueString()
	}
	refuseContent(options.ImagePath, types.StringValue(id), diags)
	words := placeOfID(id)
	at, err := words.Image()
	if diags.HasError() {
		return
	}
	var disk *core.Disk
	if err == nil {
		disk, err = core.ReadDisk(ctx, core.DiskRequest{Image: at})
	}
	if err != nil {
		diags.AddError("Disk not readable", err.Error())
		return
	}
	set := func(word options.Name, value any) {
		diags.Append(resp.State.SetAttribute(ctx, path.Root(word.String()), value)...)
	}
	made := options.CopyPath
	if disk.Backing != "" {
		made = options.OverlayPath
		set(options.ImagePath, disk.Backing)
	}
	set(options.ID, at.ID())
	set(made, words.ImagePath)
	set(options.Partition, stringOrNull(words.Partition))
	for _, name := range []options.Name{options.MethodName, options.Reuse} {
		set(name, name.Default())
	}
	set(options.OnDestroy, options.OnDestroyDisk.Default())
	diags.Append(resp.Identity.Set(ctx, diskIdentity{types.StringValue(at.ID())})...)
}
