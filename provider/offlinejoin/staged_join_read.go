package offlinejoin

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Read takes over what the image says. What that means is decided in the plan (drift.go); only an image that is gone
// takes the resource with it.
func (r *stagedJoinResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state stagedJoinModel
	state.read(ctx, req.State.Raw, &resp.Diagnostics)
	mine, recorded := owned(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	// First of all: Terraform before 1.12 refuses a read without identity, even of what is gone.
	keepIdentity(ctx, resp.Identity, state.identity(), &resp.Diagnostics)
	ctx, done := within(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer done()

	image := state.image()
	switch at := image.Presence(); {
	case at != core.Present && !recorded:
		resp.Diagnostics.AddAttributeError(placeAt(image), "Image not there",
			image.String()+" does not exist: mount the image and import again.")
		return
	case at == core.Unmounted:
		warnOfUnmounted(image, &resp.Diagnostics)
		return
	case at == core.Missing:
		warnOfGone(image, &resp.Diagnostics)
		resp.State.RemoveResource(ctx)
		return
	}
	if other := image.Other(); recorded && other != "" {
		warnOfOther(image, other, &resp.Diagnostics)
		return
	}
	status, err := core.ReadStatus(ctx, core.StatusRequest{Image: state.image()})
	if recorded && image.ImagePath != "" && core.InUse(err) { // a machine runs on it
		tflog.Info(ctx, err.Error())
		return
	}
	if err != nil {
		blame(ctx, placeAt(image), "Image not readable", err, &resp.Diagnostics)
		return
	}
	if !recorded { // just imported
		if status.State == core.StateAbsent {
			resp.State.RemoveResource(ctx)
			return
		}
		mine.Fingerprint = status.Fingerprint
		if status.Owner != "" { // who imports a join takes it over
			writePrivate(ctx, resp.Private, tokenKey, status.Owner, &resp.Diagnostics)
		}
	}
	if status.Fingerprint != "" && status.Fingerprint == mine.Fingerprint {
		mine.Booted = booted(status)
		mine.Damaged = status.State == core.StateStaged && !mine.Booted && status.Incomplete
	}
	if status.State == core.StateStaged && status.Fingerprint == mine.Fingerprint {
		r.run.images.see(state.image().Key(), status.Fingerprint)
	}
	mine.found(status)
	mine.record(ctx, resp.Private, &resp.Diagnostics)
	warnOfGolden(placeAt(image), status, &resp.Diagnostics)
	warnOfTrouble(placeAt(image), status, &resp.Diagnostics)
	state.refresh(*status)
	state.write(ctx, &resp.State.Raw, &resp.Diagnostics)
}

// warnOfTrouble tells of a join that will not complete, or did not. It is no drift: what to do is the user's to decide.
func warnOfTrouble(at path.Path, status *core.Status, diags *diag.Diagnostics) {
	switch {
	case status.State == core.StateFailed:
		diags.AddAttributeWarning(at, "Join failed at first boot", fmt.Sprintf(
			"%s was not joined at the first boot of %s: %s. Nothing is changed. Make a new blob and give it to this "+
				"resource: it is staged with the next apply.",
			status.MachineName, status.Image.WindowsPath, status.Failure()))
	case status.Detail != "" && status.State != core.StateForeign && status.State != core.StateJoined:
		diags.AddAttributeWarning(at, "Join needs attention", status.Image.WindowsPath+": "+status.Detail+".")
	}
	if beside := status.BesideText(); beside != "" {
		diags.AddAttributeWarning(at, "Another join beside", status.Image.WindowsPath+": "+beside+".")
	}
}

// ImportState takes the image's Windows directory or its disk image file, as the id or as the identity. Read finds the join
// in it.
func (r *stagedJoinResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	from, isFile := req.ID, isFile(placeOfID(req.ID).ImagePath)
	if req.ID == "" && req.Identity != nil {
		var named identityModel
		resp.Diagnostics.Append(req.Identity.Get(ctx, &named)...)
		isFile = !named.ImagePath.IsNull()
		from = cmp.Or(named.ImagePath.ValueString(), named.WindowsPath.ValueString())
	}
	state := stagedJoinModel{WindowsPath: types.StringValue(from)}
	if isFile {
		words := placeOfID(from)
		state.WindowsPath = types.StringNull()
		state.ImagePath, state.Partition = types.StringValue(words.ImagePath), stringOrNull(words.Partition)
	}
	state.refuseContents(&resp.Diagnostics)
	at, err := state.place()
	if err == nil && from == "" {
		err = errors.New("give windows_path or image_path")
	}
	if err != nil {
		resp.Diagnostics.AddError("Image not to be found", err.Error())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	set := func(word options.Name, value any) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(word.String()), value)...)
	}
	state.ID = types.StringValue(at.ID())
	set(options.ID, state.ID)
	set(options.WindowsPath, state.WindowsPath)
	set(options.ImagePath, state.ImagePath)
	set(options.Partition, state.Partition)
	for _, name := range []options.Name{
		options.MethodName, options.OnExistingName, options.OnDestroy, options.AfterFirstBoot, options.Reuse,
	} {
		set(name, name.Default())
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}
