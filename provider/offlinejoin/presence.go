package offlinejoin

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// warnOfUnmounted reports that nothing new is known of an image.
func warnOfUnmounted(windowsPath string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root(options.WindowsPath.String()), "Image not mounted", "There is nothing in the folder "+
		"of "+windowsPath+", or no such folder, so the image seems not to be mounted. What was known of its join is kept; mount it to see how "+
		"it is.")
}

// warnOfGone explains why a resource leaves the state.
func warnOfGone(windowsPath string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root(options.WindowsPath.String()), "Image gone", windowsPath+" does not exist, so its join "+
		"leaves the state. If the image has moved, change windows_path: a join that is found in it is recognized and not "+
		"staged twice. If you are destroying the resource, the image may still hold what was staged: take it back with "+
		unstageCommand("THE-NEW-PATH")+".")
}
