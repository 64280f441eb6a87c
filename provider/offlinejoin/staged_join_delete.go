package offlinejoin

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// Delete takes the pending join back when it is the resource's own. What cannot or must not be taken back is forgotten,
// with a warning that says why.
func (r *stagedJoinResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var state stagedJoinModel
	state.read(ctx, req.State.Raw, &resp.Diagnostics)
	mine, recorded := owned(ctx, req.Private, &resp.Diagnostics)
	var token string
	readPrivate(ctx, req.Private, tokenKey, &token, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !recorded { // of a tainted resource Terraform hands on what was planned for the new one
		token = ""
		if core.OnExisting(state.OnExisting.ValueString()) != core.OnExistingKeep {
			mine.Fingerprint = state.Fingerprint.ValueString()
		}
	}
	ctx, done := within(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer done()
	r.run.takeBack(ctx, state.image(), takenBack{
		mine: mine, onDestroy: state.OnDestroy.ValueString(), token: token, stagedBy: r.stagedBy,
	}, &resp.Diagnostics)
}

// takenBack is a join that goes with its resource.
type takenBack struct {
	mine      ownership
	onDestroy string
	token     string // of the resource
	stagedBy  string
	ends      bool // the account goes with the join, or is disabled
}

// takeBack takes the pending join of a resource out of an image, as on_destroy says.
func (r *run) takeBack(ctx context.Context, image core.Image, join takenBack, diags *diag.Diagnostics) {
	defer r.turns.take(ctx, image)()
	windowsPath := image.String()
	if image.Presence() != core.Present {
		diags.AddWarning("Image not there", windowsPath+" does not exist, so no join was taken back. If "+
			"the image only is not mounted, it still holds what was staged: mount it and run "+
			unstageCommand(image)+".")
		return
	}
	if other := image.Other(); other != "" {
		diags.AddWarning("No image there", "At "+windowsPath+" there is "+other+" now, and not the image, so no join was taken back. "+
			"Where the image is now, it still holds what was staged: run "+unstageCommand(moved(image))+".")
		return
	}
	status, err := core.ReadStatus(ctx, core.StatusRequest{Image: image})
	if err != nil {
		blame(ctx, placeAt(image), "Image not readable", err, diags)
		return
	}
	if now := r.images.ownerOf(image.Key()); now != "" && now != join.token {
		diags.AddWarning("Join handed over", handedOver(windowsPath))
		return
	}
	if status.State == core.StateCompleted && join.ends {
		return
	}
	if why := leaves(image, status, join.mine, join.onDestroy); why != "" {
		diags.AddWarning("Join only forgotten", why)
		return
	}
	if status.State == core.StateAbsent {
		return
	}
	if status.State == core.StateStaged && join.onDestroy == destroyFail {
		refuseToDestroy(windowsPath, diags)
		return
	}
	receipt, err := core.Unstage(ctx, core.UnstageRequest{
		Image: r.waiting(image), SingleUse: r.singleUse(), Owner: join.token, StagedBy: join.stagedBy,
		Progress: r.progress(ctx, image, diags),
	})
	switch {
	case err != nil:
		blame(ctx, placeAt(image), "Join not taken back", err, diags)
	case receipt.Outcome == core.OutcomeKept:
		diags.AddWarning("Join handed over", handedOver(windowsPath))
	}
}

// handedOver explains why a resource that goes leaves the join alone that it has staged: as with create_before_destroy, a
// renamed resource, or two that swap their images.
func handedOver(windowsPath string) string {
	return "The join in " + windowsPath + " belongs to another resource by now, which took it over, so it stays. This " +
		"resource is only forgotten."
}

// leaves says why a join is not taken back, and nothing when it is.
func leaves(image core.Image, status *core.Status, mine ownership, onDestroy string) string {
	windowsPath := status.Image.WindowsPath
	switch {
	case status.State == core.StateAbsent:
		return ""
	case status.State == core.StateCompleted:
		return forgetting(windowsPath)
	case status.State == core.StateForeign || status.State == core.StateJoined:
		return windowsPath + " has a join of another tool (" + status.Detail + "), which was left alone."
	case status.Fingerprint != mine.Fingerprint:
		return windowsPath + " has a join that this resource did not stage (" + status.MachineName + " in " +
			status.Domain + "), which was left alone. To take it back, run " + unstageCommand(image) + "."
	case onDestroy == destroyAbandon:
		return windowsPath + " keeps its join of " + status.MachineName + " (on_destroy = \"abandon\"). Until its first " +
			"boot the image holds the machine's password; to take the join back, run " + unstageCommand(image) + "."
	}
	return ""
}
