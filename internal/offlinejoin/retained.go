package offlinejoin

import (
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// resetCure makes a password that has got about worthless.
const resetCure = "reset the computer account in Active Directory, or delete it, so that the password in them is worth nothing"

// warnOfRetained warns that erasing a blob does not reach all that the image's file system keeps of it.
func (r reporter) warnOfRetained(im *openImage) {
	kind := imagefs.Retains(im.session, im.in(path.Join(hiveFolder, "SYSTEM")))
	switch kind {
	case "":
	case "xfs":
		r.warn("the image is on xfs, which keeps the old bytes of files that share blocks with a copy (reflink): where this " +
			"image has one, the erased blob can still be on the disk; then " + resetCure)
	case "overlayfs":
		r.warn("the image is on overlayfs, which changes copies of the files below: a layer that has the older files, with the " +
			"blob in them, keeps it; then " + resetCure)
	default:
		r.warn("the image is on " + kind + ", which writes changes to another place: the old bytes of the erased blob can still " +
			"be on the disk and in snapshots; " + resetCure)
	}
}
