package offlinejoin

import (
	"context"

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
	mine, _ := owned(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, done := within(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer done()
	windowsPath := state.WindowsPath.ValueString()
	if state.image().Presence() != core.Present {
		resp.Diagnostics.AddWarning("Image not there", windowsPath+" does not exist, so no join was taken back. If "+
			"the image only is not mounted, it still holds what was staged: mount it and run "+
			unstageCommand(windowsPath)+".")
		return
	}
	status, err := core.ReadStatus(ctx, core.StatusRequest{Image: state.image()})
	if err != nil {
		blame(ctx, "Image not readable", err, &resp.Diagnostics)
		return
	}
	if why := leaves(status, mine, state.OnDestroy.ValueString()); why != "" {
		resp.Diagnostics.AddWarning("Join only forgotten", why)
		return
	}
	if status.State == core.StateAbsent {
		return
	}
	if status.State == core.StateStaged && state.OnDestroy.ValueString() == destroyFail {
		refuseToDestroy(windowsPath, &resp.Diagnostics)
		return
	}
	_, err = core.Unstage(ctx, core.UnstageRequest{
		Image: r.run.image(windowsPath), SingleUse: r.run.singleUse(), StagedBy: r.stagedBy,
		Progress: r.run.progress(ctx, windowsPath, &resp.Diagnostics),
	})
	if err != nil {
		blame(ctx, "Join not taken back", err, &resp.Diagnostics)
	}
}

// leaves says why a join is not taken back, and nothing when it is.
func leaves(status *core.Status, mine ownership, onDestroy string) string {
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
			status.Domain + "), which was left alone. To take it back, run " + unstageCommand(windowsPath) + "."
	case onDestroy == destroyAbandon:
		return windowsPath + " keeps its join of " + status.MachineName + " (on_destroy = \"abandon\"). Until its first " +
			"boot the image holds the machine's password; to take the join back, run " + unstageCommand(windowsPath) + "."
	}
	return ""
}

func unstageCommand(windowsPath string) string {
	return "`offlinejoin unstage --windows-path " + windowsPath + "`"
}
