package options_test

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

func TestPlaceWords(t *testing.T) {
	t.Parallel()
	at, err := options.PlaceWords{
		ImagePath: "golden.qcow2", Partition: "3", OverlayPath: "web01.qcow2", Backing: "relative",
	}.Image()
	if err != nil || at.ImagePath != "golden.qcow2" || at.Partition != 3 || at.OverlayPath != "web01.qcow2" ||
		at.Backing != "relative" {
		t.Errorf("%+v, %v", at.Location, err)
	}
	for says, w := range map[string]options.PlaceWords{
		`partition = "C" is no number of a partition`: {ImagePath: "golden.qcow2", Partition: "C"},
		`partition = "0" is no number of a partition`: {ImagePath: "golden.qcow2", Partition: "0"},
		"overlay_path and copy_path are both there":   {ImagePath: "golden.qcow2", OverlayPath: "a", CopyPath: "b"},
		"journal_dir is about the block device":       {WindowsPath: "/mnt/Windows", JournalDir: "/var/lib/offlinejoin"},
		"image_name consists of blanks":               {ImagePath: "golden.qcow2", ImageName: "  "},
		"leave one out":                               {ImagePath: "golden.qcow2", WindowsPath: "/mnt/Windows"},
	} {
		if _, err := w.Image(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", w, err, says)
		}
	}
	if (options.PlaceWords{}).Named() || !(options.PlaceWords{ImagePath: "golden.qcow2"}).Named() {
		t.Error("Named is wrong")
	}
}
