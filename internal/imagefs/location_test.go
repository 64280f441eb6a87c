package imagefs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestLocationOfADisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	golden, web := filepath.Join(dir, "golden.qcow2"), filepath.Join(dir, "web01.qcow2")
	if err := os.WriteFile(golden, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inPlace := imagefs.Location{ImagePath: golden, Partition: 3}
	overlay := imagefs.Location{ImagePath: golden, OverlayPath: web}
	if got, want := inPlace.String(), golden+"#3"; got != want || inPlace.ID() != want {
		t.Errorf("in place: %s, ID %s", got, inPlace.ID())
	}
	if overlay.String() != web || overlay.ID() != web || overlay.NewPath() != web {
		t.Errorf("overlay: %s, ID %s, new %s", overlay, overlay.ID(), overlay.NewPath())
	}
	if made := overlay.Made(); made != (imagefs.Location{ImagePath: web}) {
		t.Errorf("made: %+v", made)
	}
	if again := (imagefs.Location{ImagePath: dir + "/./golden.qcow2", Partition: 3}); again.Key() != inPlace.Key() {
		t.Error("two spellings of one disk have two keys")
	}
	if other := (imagefs.Location{ImagePath: golden, Partition: 4}); other.Key() == inPlace.Key() {
		t.Error("two partitions have one key")
	}
	if overlay.Key() == (imagefs.Location{ImagePath: golden}).Key() {
		t.Error("an overlay and its golden image have one key")
	}
	if overlay.Presence() != imagefs.Missing || inPlace.Presence() != imagefs.Present {
		t.Errorf("presence: %v, %v", overlay.Presence(), inPlace.Presence())
	}
	id := overlay.Identity()
	if !strings.HasPrefix(id.Volume, "file:") || !strings.HasSuffix(id.Volume, "web01.qcow2") || id.Path != "Windows" {
		t.Errorf("%+v", id)
	}
	if id.SamePlace(imagefs.Location{ImagePath: golden}.Identity()) {
		t.Error("an overlay is at the place of its golden image")
	}
	if v := inPlace.Identity().Volume; !strings.HasSuffix(v, "golden.qcow2#3") {
		t.Errorf("volume %s", v)
	}
}

func TestLocationsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	const disk = "golden.qcow2"
	for says, at := range map[string]imagefs.Location{
		"windows_path and image_path are both there":   {WindowsPath: "/mnt/Windows", ImagePath: disk},
		"image_path, which is not there":               {OverlayPath: "web01.qcow2"},
		"overlay_path and copy_path are both there":    {ImagePath: disk, OverlayPath: "a", CopyPath: "b"},
		"is both the golden image and the new disk":    {ImagePath: disk, CopyPath: "./" + disk},
		"partition = -1 is no number of a partition":   {ImagePath: disk, Partition: -1},
		"overlay_path is not there: leave it out":      {ImagePath: disk, Backing: imagefs.BackingRelative},
		`backing = "near" is not known: use "absolute`: {ImagePath: disk, OverlayPath: "a", Backing: "near"},
	} {
		err := at.Check()
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", at, err, says)
		}
	}
	for _, at := range []imagefs.Location{
		{},
		{WindowsPath: "/mnt/Windows"},
		{ImagePath: disk, Partition: 2},
		{ImagePath: disk, OverlayPath: "web01.qcow2", Backing: imagefs.BackingAbsolute},
		{ImagePath: disk, CopyPath: "web01.qcow2"},
	} {
		if err := at.Check(); err != nil {
			t.Errorf("%+v: %v", at, err)
		}
	}
}
