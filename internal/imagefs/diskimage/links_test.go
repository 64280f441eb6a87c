package diskimage_test

import (
	"os"
	"path/filepath"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
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

// TestAnAnswerFileWithTwoNames: the refusal names the file that has them, and not the one that was to take its place.
func TestAnAnswerFileWithTwoNames(t *testing.T) {
	t.Parallel()
	needsMount(t)
	image, mount := volume(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"}), t.TempDir()
	func() {
		run(t, "ntfs-3g", "-o", "permissions,norecover", image, mount)
		defer testenv.Unmount(t, mount)
		panther := filepath.Join(mount, "Windows", "Panther")
		must(t, os.MkdirAll(panther, 0o755))
		file := filepath.Join(panther, "unattend.xml")
		must(t, os.WriteFile(file, []byte(`<unattend xmlns="urn:schemas-microsoft-com:unattend"/>`), 0o600))
		must(t, os.Link(file, filepath.Join(mount, "golden.xml")))
	}()
	refused(t, core.Request{Image: at(image)}, image, winerr.CantCreateJoinInfo, `\Panther\unattend.xml has 2 names (hard links)`)
}
