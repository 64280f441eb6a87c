package diskimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// deviceAt is a device with a folder for its journal.
func deviceAt(t *testing.T, device string) core.Image {
	t.Helper()
	place := at(device)
	place.JournalDir = filepath.Join(t.TempDir(), "journals")
	must(t, os.Mkdir(place.JournalDir, 0o700))
	return place
}

// TestBlockDevice takes a device through a whole life. Its journal is in the folder of journal_dir, and nowhere else.
func TestBlockDevice(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		if method != core.MethodAnswerFile && !long() { // TestBlockDeviceKilled has the other one
			continue
		}
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			file := convert(t, inMBR(t, volume(t, im)), "", nil)
			before := volumeOf(t, file)
			device := testenv.LoopDevice(t, file)
			place := deviceAt(t, device)
			lifecycleAt(t, place, method)
			left, err := os.ReadDir(place.JournalDir)
			must(t, err)
			if len(left) != 0 {
				t.Errorf("left in the folder: %v", left)
			}
			newDisk(t, device, before, "raw", true)
			newDisk(t, device, before, "raw", false)
			judge(t, file, "raw", before)
		})
	}
}

// TestBlockDeviceKilled kills processes that change a device, and finishes their work by the journal in the folder.
func TestBlockDeviceKilled(t *testing.T) {
	t.Parallel()
	file := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	before := volumeOf(t, file)
	place := deviceAt(t, testenv.LoopDevice(t, file))
	journal, _, err := diskimage.JournalPlace(place.Location)
	must(t, err)
	killRoundsAt(t, place.ImagePath, place.JournalDir, journal)
	judge(t, file, "raw", before)
}

// TestBlockDeviceJournal: a journal is of one device, and is found by it under another path.
func TestBlockDeviceJournal(t *testing.T) {
	t.Parallel()
	file := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	device := testenv.LoopDevice(t, file)
	place := deviceAt(t, device)
	journal, identity, err := diskimage.JournalPlace(place.Location)
	must(t, err)
	link := filepath.Join(t.TempDir(), "disk")
	must(t, os.Symlink(device, link))
	byLink := place.Location
	byLink.ImagePath = link
	again, _, err := diskimage.JournalPlace(byLink)
	must(t, err)
	if journal != again || filepath.Dir(journal) != place.JournalDir || strings.HasPrefix(string(identity), "path:") {
		t.Errorf("the journal of %s is %s, and by another path %s", identity, journal, again)
	}
	was, err := os.ReadFile(file)
	must(t, err)
	leaveJournal(t, file, journal, identity)
	must(t, os.WriteFile(file, was, 0o600))
	blob, _ := blobFor(t, "WEB01", 1107)
	receipt, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
	must(t, err)
	if !strings.Contains(strings.Join(receipt.Warnings, "\n"), "was undone") {
		t.Errorf("warnings: %q", receipt.Warnings)
	}
	if _, err := os.Lstat(journal); err == nil {
		t.Error("the journal is still there")
	}
	leaveJournal(t, file, journal, []byte("serial:another disk"))
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: place})
	if code, _ := winerr.CodeOf(err); code != winerr.Busy {
		t.Errorf("the journal of another disk: %v", err)
	}
}

// TestBlockDeviceRefusals are of devices without a place for the journal, or in use.
func TestBlockDeviceRefusals(t *testing.T) {
	t.Parallel()
	device := testenv.LoopDevice(t, convert(t, inMBR(t, volume(t, sample.Image{})), "", nil))
	refuse := func(place core.Image, code winerr.Code, says string) {
		t.Helper()
		blob, _ := blobFor(t, "WEB01", 1107)
		_, planErr := core.Plan(t.Context(), core.Request{Image: place, Blob: blob})
		_, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
		if got, _ := winerr.CodeOf(err); got != code || planErr == nil || !strings.Contains(err.Error(), says) ||
			!strings.Contains(planErr.Error(), says) {
			t.Errorf("want %v and %q: %v; planned: %v", code, says, err, planErr)
		}
	}
	refuse(at(device), winerr.NotSupported, "is a block device, beside which no journal can lie")
	shared := deviceAt(t, device)
	for dir, mode := shared.JournalDir, os.FileMode(0o777); dir != os.TempDir(); dir, mode = filepath.Dir(dir), 0o755 {
		must(t, os.Chmod(dir, mode))
	}
	refuse(shared, winerr.AccessDenied, "others on this machine can change")
	missing := deviceAt(t, device)
	missing.JournalDir += "/not there"
	refuse(missing, winerr.FileNotFound, "does not exist")
	f, err := os.OpenFile(device, os.O_RDONLY|os.O_EXCL, 0)
	must(t, err)
	defer f.Close()
	used := deviceAt(t, device)
	used.LockTimeout = 0
	refuse(used, winerr.Busy, "is mounted or exclusively open")
}

// TestJournalDir needs no device.
func TestJournalDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	if err := diskimage.CheckJournalDir(dir); err != nil {
		t.Errorf("a private folder: %v", err)
	}
	if err := diskimage.CheckJournalDir("/dev/shm"); err == nil || !strings.Contains(err.Error(), "is in memory") {
		t.Errorf("a folder in memory: %v", err)
	}
	image := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	place := at(image)
	place.JournalDir = dir
	refused(t, core.Request{Image: place}, image, winerr.InvalidParameter, "journal_dir is for block devices")
	if err := (imagefs.Location{WindowsPath: "/mnt", JournalDir: dir}).Check(); err == nil {
		t.Error("journal_dir without image_path")
	}
}
