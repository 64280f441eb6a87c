package offlinejoin

import (
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// warnOfUnmounted reports that nothing new is known of an image.
func warnOfUnmounted(at core.Image, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(placeAt(at), "Image not mounted", "There is nothing in the folder of "+at.String()+", no such "+
		"folder, or a link that leads nowhere, so the image seems not to be mounted. What was known of its join is kept; mount it to see how it is.")
}

// warnOfGone explains why a resource leaves the state.
func warnOfGone(at core.Image, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(placeAt(at), "Image gone", at.String()+" does not exist, so its join "+
		"leaves the state. If the image has moved, change its path here: a join that is found in it is recognized and not "+
		"staged twice. If you are destroying the resource, the image may still hold what was staged: take it back with "+
		unstageCommand(moved(at))+".")
}

// moved is the image at another place.
func moved(at core.Image) core.Image {
	at.WindowsPath, at.ImagePath = newPlace(at.WindowsPath), newPlace(at.ImagePath)
	return at
}

// warnOfOther reports that something is where the image was that can be none.
func warnOfOther(at core.Image, other string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(placeAt(at), "No image there", "At "+at.String()+" there is "+other+" now, and not the image. What was "+
		"known of its join is kept; put the image back in its place to see how it is.")
}

func newPlace(path string) string {
	if path == "" {
		return ""
	}
	return "THE-NEW-PATH"
}

// unstageCommand is the command that takes the join of an image back.
func unstageCommand(at core.Image) string {
	at.Location = at.Made()
	command := "`offlinejoin unstage --windows-path " + at.String() + "`"
	if at.ImagePath != "" {
		partition := ""
		if at.Partition != 0 {
			partition, at.Partition = " --partition "+strconv.Itoa(at.Partition), 0
		}
		command = "`offlinejoin unstage --image-path " + at.String() + partition + "`"
	}
	return command
}
