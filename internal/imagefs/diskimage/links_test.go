package diskimage_test

import (
	"os"
	"path/filepath"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestHardLinks: an image with several names is not changed in place, whichever of them is given, and new disks are made of it.
func TestHardLinks(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			image := convert(t, raw, kind.format, kind.args)
			file := image
			if kind.format == "vmdk" { // what is changed is the file with the data
				file = image[:len(image)-len(".vmdk")] + "-flat.vmdk"
			}
			other := filepath.Join(t.TempDir(), filepath.Base(file))
			if err := os.Link(file, other); err != nil {
				t.Skip("skipped: no hard links here: ", err)
			}
			refused(t, core.Request{Image: at(image)}, image, winerr.CantCreateJoinInfo, "has 2 names (hard links)")
			if kind.name == "raw" {
				refused(t, core.Request{Image: at(other)}, other, winerr.CantCreateJoinInfo, "has 2 names (hard links)")
			}
			before := volumeOf(t, rawOf(t, image, qemuFormat(kind.format)))
			newDisk(t, image, before, qemuFormat(kind.format), true)
			if kind.format != "clone" && kind.format != "vmdk" {
				newDisk(t, image, before, qemuFormat(kind.format), false)
			}
		})
	}
}
