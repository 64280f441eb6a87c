package offlinejoin

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// shortWait is how long destroying waits for somebody who has a disk open: another resource of this run that takes it over is
// done soon, and a machine is not.
const shortWait = 2 * time.Second

// Delete removes the disk, as on_destroy says. What stays is forgotten, with a warning that names it.
func (r *joinedDiskResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var state joinedDiskModel
	diags := &resp.Diagnostics
	state.read(ctx, req.State.Raw, diags)
	record, _ := readDiskRecord(ctx, req.Private, diags)
	var token string
	readPrivate(ctx, req.Private, tokenKey, &token, diags)
	if diags.HasError() {
		return
	}
	ctx, done := within(ctx, state.Timeouts.Delete, diags)
	defer done()
	r.run.removeDisk(ctx, state.made(), removedDisk{record, state.OnDestroy.ValueString(), token, r.stagedBy, placeAt(state.image())}, diags)
}

// removedDisk is a disk that goes with its resource.
type removedDisk struct {
	record    diskRecord
	onDestroy string
	token     string // of the resource
	stagedBy  string
	named     path.Path // the attribute that names it
}

// removeDisk removes a disk that a resource has made, as on_destroy says.
func (r *run) removeDisk(ctx context.Context, at core.Image, d removedDisk, diags *diag.Diagnostics) {
	defer r.turns.take(ctx, at)()
	disk := at.String()
	if at.Presence() != core.Present && !core.DiskExists(at) {
		diags.AddWarning("Disk not there", disk+" does not exist, so nothing was removed. If what it is on is only not mounted, it "+
			"still holds the machine's password until its first boot: remove it there."+r.releaseHint())
		return
	}
	if r.handedOver(at, d.token) {
		diags.AddWarning("Disk handed over", disk+" belongs to another resource by now, which took it over, so it stays. This "+
			"resource is only forgotten.")
		return
	}
	if d.onDestroy == destroyKeep {
		diags.AddWarning("Disk only forgotten", disk+` stays (on_destroy = "keep"). Until its first boot it holds the machine's `+
			"password: remove it when it is not needed.")
		return
	}
	at.LockTimeout = min(r.lockTimeout, shortWait)
	removal, err := core.RemoveDisk(ctx, core.RemoveDiskRequest{
		Image: at, Was: d.record.Mark, Used: d.onDestroy == destroyDelete, SingleUse: r.singleUse(), StagedBy: d.stagedBy,
	})
	switch {
	case err != nil:
		blame(ctx, d.named, "Disk not removed", err, diags)
	case removal.Other != "":
		diags.AddWarning("Disk kept", "At "+disk+" there is "+removal.Other+" now, and not the file that was made, so it was left alone. "+
			"This resource is only forgotten. If the disk is elsewhere, it holds the machine's password until its first boot: remove it "+
			"there when it is not needed any more."+r.releaseHint())
	case removal.Removed:
		for _, warning := range removal.Warnings {
			diags.AddWarning("Disk removed", disk+": "+warning+".")
		}
	case r.handedOver(at, d.token):
		diags.AddWarning("Disk handed over", disk+" belongs to another resource by now, which took it over, so it stays. This "+
			"resource is only forgotten.")
	default:
		diags.AddWarning("Disk kept", disk+" was not removed, because "+removal.Used+". It may be the disk of a machine; as long as that "+
			"has not booted, it holds the machine's password. If it is not needed any more, remove the file."+r.releaseHint())
	}
}

// handedOver reports whether another resource has taken the disk over in this run.
func (r *run) handedOver(at core.Image, token string) bool {
	now := r.images.ownerOf(fileAt(at.ImagePath))
	return now != "" && now != token
}

// releaseHint says how the account of a disk is free again where a ledger has its use.
func (r *run) releaseHint() string {
	advice := r.singleUse().ReleaseAdvice("the disk is gone")
	if advice == "" {
		return ""
	}
	return " The ledger still has the use of its account: if the disk is no more, release it with " + advice + "."
}
