package offlinejoin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// whereabouts is what is at the place of an image.
type whereabouts int

const (
	imageThere     whereabouts = iota // something is: whether it is an image, the core tells
	imageUnmounted                    // nothing, in a folder that is empty: most likely where it gets mounted
	imageGone                         // nothing
)

func look(windowsPath string) whereabouts {
	if _, err := os.Stat(windowsPath); !errors.Is(err, fs.ErrNotExist) {
		return imageThere
	}
	entries, err := os.ReadDir(filepath.Dir(cleanPath(windowsPath)))
	if err == nil && len(entries) == 0 {
		return imageUnmounted
	}
	return imageGone
}

// warnOfUnmounted tells that nothing new is known of an image.
func warnOfUnmounted(windowsPath string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root(options.WindowsPath.Name()), "Image not mounted", "There is nothing in the folder "+
		"of "+windowsPath+", so the image seems not to be mounted. What was known of its join is kept; mount it to see how "+
		"it is.")
}

// warnOfGone tells why a resource leaves the state.
func warnOfGone(windowsPath string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root(options.WindowsPath.Name()), "Image gone", windowsPath+" does not exist, so its join "+
		"leaves the state. If the image has moved, change windows_path: a join that is found in it is recognized and not "+
		"staged twice. If you are destroying the resource, the image may still hold what was staged: take it back with "+
		unstageCommand("THE-NEW-PATH")+".")
}
