package offlinejoin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Read takes over what the image says. An image without a join has lost the resource; a completed or failed join is
// still the resource; an image that is not mounted says nothing, so the state stays.
func (r *stagedJoinResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state stagedJoinModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	windowsPath := state.WindowsPath.ValueString()
	if imageAway(windowsPath) && !state.Status.IsNull() {
		resp.Diagnostics.AddAttributeWarning(path.Root(options.WindowsPath.Name()), "Image not there",
			windowsPath+" does not exist now, perhaps because the image is not mounted. What was known of its join is "+
				"kept; mount the image to see how it is.")
		return
	}
	status, err := core.ReadStatus(ctx, core.StatusRequest{WindowsPath: windowsPath})
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root(options.WindowsPath.Name()), "Image not readable", err.Error())
		return
	}
	if status.State == core.StateAbsent {
		resp.State.RemoveResource(ctx)
		return
	}
	if _, recorded := owned(ctx, req.Private, &resp.Diagnostics); !recorded { // just imported
		own(ctx, resp.Private, status.Fingerprint, &resp.Diagnostics)
	}
	warnOfTrouble(status, &resp.Diagnostics)
	state.refresh(*status)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// imageAway reports whether there is no file tree at all where the image should be.
func imageAway(windowsPath string) bool {
	_, err := os.Stat(windowsPath)
	return errors.Is(err, fs.ErrNotExist)
}

// warnOfTrouble tells of a join that will not complete, or did not. It is no drift: what to do is the user's to decide.
func warnOfTrouble(status *core.Status, diags *diag.Diagnostics) {
	at := path.Root(options.WindowsPath.Name())
	switch {
	case status.State == core.StateFailed:
		diags.AddAttributeWarning(at, "Join failed at first boot", fmt.Sprintf(
			"Windows refused the join of %s in %s: %s (%s). Make a new blob and give it to this resource.",
			status.MachineName, status.Image.WindowsPath, status.ResultText, winerr.Code(status.Result)))
	case status.Detail != "":
		diags.AddAttributeWarning(at, "Join needs attention", status.Image.WindowsPath+": "+status.Detail+".")
	}
}

// ImportState takes the image's Windows directory as the id. Read finds the join in it.
func (r *stagedJoinResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	for word, value := range map[options.Word]string{
		options.ID:          cleanPath(req.ID),
		options.WindowsPath: req.ID,
		options.MethodWord:  options.MethodWord.Default(),
		options.Existing:    options.Existing.Default(),
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(word.Name()), value)...)
	}
}
