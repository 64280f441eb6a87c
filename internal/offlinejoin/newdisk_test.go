package offlinejoin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// newDisk stages into a new disk and returns its image and its mark.
func newDisk(t *testing.T, ledger string, place func(folder string, at *core.Image)) (core.Image, *core.DiskMark) {
	t.Helper()
	at := core.Image{LockTimeout: 20 * time.Second}
	at.ImagePath = sampletest.Volume(t, sample.Image{})
	place(t.TempDir(), &at)
	secret, _ := sampletest.Blob(t)
	blob, err := core.ReadBlob(secret.Bytes(), "the blob")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Wipe()
	_, err = core.Stage(t.Context(), core.Request{
		Image: at, Blob: blob, Owner: "OWNER", SingleUse: core.SingleUse{LedgerFile: ledger},
	})
	if err != nil {
		t.Fatal(err)
	}
	disk, err := core.ReadDisk(t.Context(), core.DiskRequest{Image: at, Mark: true})
	if err != nil || disk.Mark == nil || disk.Used != "" {
		t.Fatalf("%+v, %v", disk, err)
	}
	if overlay := at.OverlayPath != ""; overlay != disk.Mark.Whole || overlay != (disk.Backing != "") || disk.VirtualSize != sampletest.VolumeSize {
		t.Errorf("the disk is %+v", disk)
	}
	kept, err := json.Marshal(disk)
	if err != nil {
		t.Fatal(err)
	}
	if found := canary.ForBlob(secret.Bytes(), secret.MachinePassword()).In(kept); found != nil {
		t.Errorf("the mark holds %q", found)
	}
	var again core.Disk
	if err := json.Unmarshal(kept, &again); err != nil {
		t.Fatal(err)
	}
	return at, again.Mark
}

func overlay(folder string, at *core.Image) { at.OverlayPath = filepath.Join(folder, "web01.qcow2") }
func copied(folder string, at *core.Image)  { at.CopyPath = filepath.Join(folder, "web01.raw") }

// TestRemoveDisk removes what is as it was left, frees its account, and leaves everything else alone.
func TestRemoveDisk(t *testing.T) {
	t.Parallel()
	for kind, place := range map[string]func(string, *core.Image){"overlay": overlay, "copy": copied} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ledger := filepath.Join(t.TempDir(), "ledger")
			at, mark := newDisk(t, ledger, place)
			path := at.NewPath()
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			kept := func(name, says string, was *core.DiskMark) {
				t.Helper()
				out, err := core.RemoveDisk(t.Context(), core.RemoveDiskRequest{
					Image: at, Was: was, SingleUse: core.SingleUse{LedgerFile: ledger},
				})
				if err != nil || out.Removed || !strings.Contains(out.Used, says) {
					t.Errorf("%s: %+v, %v, want %q", name, out, err, says)
				}
				if uses, err := core.LedgerEntries(t.Context(), core.SingleUse{LedgerFile: ledger}); err != nil || len(uses) != 1 {
					t.Errorf("%s: %d uses in force, %v", name, len(uses), err)
				}
			}
			kept("not known", "it was not seen as it was made", nil)
			other := *mark
			other.File.SHA256, other.Owner = strings.Repeat("0", 64), "SOMEBODY"
			kept("another mark", "its content is not what it was", &other)
			journal := path + ".odjundo"
			if err := os.WriteFile(journal, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			kept("journal", "the journal of an interrupted edit", mark)
			if err := os.Remove(journal); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, int64(len(before)-512)); err != nil {
				t.Fatal(err)
			}
			kept("cut off", "", mark)
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before[:len(before)-512]) {
				t.Errorf("looking has changed the disk: %v", err)
			}
			if why, err := core.DiskUnused(t.Context(), at, mark); why == "" && err == nil {
				t.Error("a disk that was cut off counts as unused")
			}
		})
		t.Run(kind+" that is unused", func(t *testing.T) {
			t.Parallel()
			ledger := filepath.Join(t.TempDir(), "ledger")
			at, mark := newDisk(t, ledger, place)
			if why, err := core.DiskUnused(t.Context(), at, mark); why != "" || err != nil {
				t.Fatalf("%q, %v", why, err)
			}
			out, err := core.RemoveDisk(t.Context(), core.RemoveDiskRequest{
				Image: at, Was: mark, SingleUse: core.SingleUse{LedgerFile: ledger},
			})
			if err != nil || !out.Removed || out.Used != "" || core.DiskExists(at) {
				t.Errorf("%+v, %v", out, err)
			}
			if uses, err := core.LedgerEntries(t.Context(), core.SingleUse{LedgerFile: ledger}); err != nil || len(uses) != 0 {
				t.Errorf("%d uses in force, %v", len(uses), err)
			}
		})
	}
}

// TestRemoveDiskByALink frees the account also where the way to the disk leads over a link.
func TestRemoveDiskByALink(t *testing.T) {
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "ledger")
	at, mark := newDisk(t, ledger, func(folder string, at *core.Image) {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(folder, link); err != nil {
			t.Skipf("skipped: no links here: %v", err)
		}
		overlay(link, at)
	})
	_, err := core.RemoveDisk(t.Context(), core.RemoveDiskRequest{
		Image: at, Was: mark, SingleUse: core.SingleUse{LedgerFile: ledger},
	})
	if err != nil {
		t.Fatal(err)
	}
	if uses, err := core.LedgerEntries(t.Context(), core.SingleUse{LedgerFile: ledger}); err != nil || len(uses) != 0 {
		t.Errorf("%d uses in force, %v", len(uses), err)
	}
}

// TestRemoveDiskThatWasMoved frees the account of a disk that has another path by now, and names the use where the file is
// another one, so that the ledger cannot know it.
func TestRemoveDiskThatWasMoved(t *testing.T) {
	t.Parallel()
	for kind, place := range map[string]func(string, *core.Image){"overlay": overlay, "copy": copied} {
		for how, move := range map[string]func(t *testing.T, from, to string){"renamed": renameFile, "copied": copyFile} {
			t.Run(kind+" "+how, func(t *testing.T) {
				t.Parallel()
				ledger := filepath.Join(t.TempDir(), "ledger")
				at, mark := newDisk(t, ledger, place)
				was := at.NewPath()
				place(t.TempDir(), &at)
				move(t, was, at.NewPath())
				known := how == "renamed" && at.Identity().File != "" // else the file system names no file for good
				out, err := core.RemoveDisk(t.Context(), core.RemoveDiskRequest{
					Image: at, Was: mark, Used: true, SingleUse: core.SingleUse{LedgerFile: ledger},
				})
				if err != nil || !out.Removed {
					t.Fatalf("%+v, %v", out, err)
				}
				if out.Used != "" { // a copy has other times than the disk that was made
					return
				}
				uses, err := core.LedgerEntries(t.Context(), core.SingleUse{LedgerFile: ledger})
				if err != nil || known != (len(uses) == 0) {
					t.Fatalf("%d uses in force, %v", len(uses), err)
				}
				if known {
					if len(out.Warnings) > 0 {
						t.Errorf("warnings %q", out.Warnings)
					}
					return
				}
				want := "`offlinejoin ledger release " + uses[0].ID + " --ledger-file " + ledger + ` --reason "it has another path now"` + "`"
				if len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], want) || !strings.Contains(out.Warnings[0], was) {
					t.Errorf("warnings %q, want %q", out.Warnings, want)
				}
			})
		}
	}
}

func renameFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err == nil {
		err = os.Remove(from)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDiskUnderAnotherName is left alone: by a symbolic link it is somebody else's to remove.
func TestDiskUnderAnotherName(t *testing.T) {
	t.Parallel()
	at, mark := newDisk(t, "", overlay)
	real := at.OverlayPath + ".real"
	if err := os.Rename(at.OverlayPath, real); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, at.OverlayPath); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	out, err := core.RemoveDisk(t.Context(), core.RemoveDiskRequest{Image: at, Was: mark})
	if err != nil || out.Removed || !strings.Contains(out.Used, "there is a symbolic link in its place now") {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestGoldenOfADisk reports what has happened to what an overlay stands on, with the status of the disk.
func TestGoldenOfADisk(t *testing.T) {
	t.Parallel()
	at, _ := newDisk(t, "", overlay)
	check := func(says string, broken bool) {
		t.Helper()
		disk, err := core.ReadDisk(t.Context(), core.DiskRequest{Image: at})
		if err != nil {
			t.Fatal(err)
		}
		warning, isBroken := disk.Status.Golden()
		if (warning == "") != (says == "") || !strings.Contains(warning, says) || isBroken != broken {
			t.Errorf("%q, %v, want %q", warning, isBroken, says)
		}
		if warning != "" && !slices.Contains(disk.Status.Warnings, warning) {
			t.Errorf("%q is not among %q", warning, disk.Status.Warnings)
		}
	}
	check("", false)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(at.ImagePath, later, later); err != nil {
		t.Fatal(err)
	}
	check("was written to, or copied", false)
	if err := os.Truncate(at.ImagePath, sampletest.VolumeSize+512); err != nil {
		t.Fatal(err)
	}
	check("the golden image changed under this overlay", true)
	if err := os.Remove(at.ImagePath); err != nil {
		t.Fatal(err)
	}
	if _, err := core.ReadDisk(t.Context(), core.DiskRequest{Image: at}); !core.IsMissing(err) {
		t.Errorf("a golden image that is gone: %v", err)
	}
}

// TestAGoldenImageThatHoldsAJoin is refused, whichever join it is: what is left alone there makes no disk.
func TestAGoldenImageThatHoldsAJoin(t *testing.T) {
	t.Parallel()
	golden := sampletest.Volume(t, sample.Image{})
	blobs := map[string][]byte{}
	for machine, rid := range map[string]uint32{"WEB01": 1107, "WEB02": 1108} {
		secret, _ := sampletest.BlobFor(t, machine, rid)
		blobs[machine] = secret.Bytes()
	}
	request := func(machine string, place func(string, *core.Image), folder string) core.Request {
		blob, err := core.ReadBlob(bytes.Clone(blobs[machine]), "the blob")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(blob.Wipe)
		at := core.Image{LockTimeout: 20 * time.Second}
		at.ImagePath = golden
		if place != nil {
			place(folder, &at)
		}
		return core.Request{Image: at, Blob: blob}
	}
	if _, err := core.Stage(t.Context(), request("WEB01", nil, "")); err != nil {
		t.Fatal(err)
	}
	for kind, place := range map[string]func(string, *core.Image){"overlay": overlay, "copy": copied} {
		for _, machine := range []string{"WEB01", "WEB02"} {
			for _, on := range []core.OnExisting{"", core.OnExistingKeep} {
				folder := t.TempDir()
				req := request(machine, place, folder)
				req.OnExisting, req.SingleUse = on, core.SingleUse{LedgerFile: filepath.Join(t.TempDir(), "ledger")}
				for name, do := range map[string]func() (*core.Receipt, error){
					"plan":  func() (*core.Receipt, error) { return core.Plan(t.Context(), req) },
					"stage": func() (*core.Receipt, error) { return core.Stage(t.Context(), req) },
				} {
					receipt, err := do()
					if err == nil {
						t.Errorf("%s, %s of %s, on_existing %q: %s", kind, name, machine, on, receipt.Outcome)
						continue
					}
					wants := "the golden image " + golden + " already holds a staged join of WEB01 to corp.example.com"
					if text := err.Error(); !strings.Contains(text, wants) || strings.Contains(text, `"keep"`) {
						t.Errorf("%s, %s of %s, on_existing %q: %v", kind, name, machine, on, err)
					}
				}
				if uses, err := core.LedgerEntries(t.Context(), req.SingleUse); err == nil && len(uses) > 0 {
					t.Errorf("%s of %s: %d uses in force", kind, machine, len(uses))
				}
				if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
					t.Errorf("%s of %s: %v, %v", kind, machine, left, err)
				}
			}
			req := request(machine, place, t.TempDir())
			req.OnExisting = core.OnExistingReplace
			if receipt, err := core.Stage(t.Context(), req); err != nil || receipt.NewDisk == nil {
				t.Errorf("%s of %s, replaced: %+v, %v", kind, machine, receipt, err)
			}
		}
	}
}

// TestANewDiskThatIsNotMade leaves nothing in the ledger that would keep its account from another disk, and what somebody else
// made meanwhile as it is.
func TestANewDiskThatIsNotMade(t *testing.T) {
	t.Parallel()
	golden := sampletest.Volume(t, sample.Image{})
	for kind, place := range map[string]func(string, *core.Image){"overlay": overlay, "copy": copied} {
		for name, c := range map[string]struct {
			meanwhile func(path string) error
			code      winerr.Code
			mayPass   bool
		}{
			"made by somebody else": {func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o600) }, winerr.Busy, true},
			"no folder any more":    {func(path string) error { return os.Remove(filepath.Dir(path)) }, winerr.FileNotFound, false},
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				secret, _ := sampletest.Blob(t)
				ledger := core.SingleUse{LedgerFile: filepath.Join(t.TempDir(), "ledger")}
				stage := func(meanwhile func(path string) error) (string, error) {
					blob, err := core.ReadBlob(bytes.Clone(secret.Bytes()), "the blob")
					if err != nil {
						t.Fatal(err)
					}
					defer blob.Wipe()
					at := core.Image{LockTimeout: 20 * time.Second}
					at.ImagePath = golden
					place(t.TempDir(), &at)
					at.Open = func(ctx context.Context, l imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
						s, err := open.Image(ctx, l, mode)
						if err == nil && mode == imagefs.Write {
							err = meanwhile(l.NewPath())
						}
						return s, err
					}
					_, err = core.Stage(t.Context(), core.Request{Image: at, Blob: blob, SingleUse: ledger})
					return at.NewPath(), err
				}
				path, err := stage(c.meanwhile)
				if code, _ := winerr.CodeOf(err); code != c.code || core.MayPass(err) != c.mayPass || !strings.Contains(err.Error(), ". Nothing was written. (") {
					t.Errorf("error %v", err)
				}
				if now, err := os.ReadFile(path); err == nil && string(now) != "theirs" {
					t.Errorf("the other file has %d bytes", len(now))
				}
				if uses, err := core.LedgerEntries(t.Context(), ledger); err != nil || len(uses) != 0 {
					t.Errorf("uses in force: %+v, %v", uses, err)
				}
				if _, err := stage(func(string) error { return nil }); err != nil {
					t.Errorf("for another disk: %v", err)
				}
			})
		}
	}
}

// TestAJournalThatCannotBeMade keeps the account from no other image: nothing was written.
func TestAJournalThatCannotBeMade(t *testing.T) {
	t.Parallel()
	image := sampletest.Volume(t, sample.Image{})
	stageWithoutJournal(t, image, filepath.Join(t.TempDir(), "ledger"), "", func(journal string) error {
		return os.WriteFile(journal, []byte("theirs"), 0o600)
	})
}

// stageWithoutJournal stages into an image whose journal cannot be made, because of what happens once it is open: nothing is written,
// and the ledger has no use of it.
func stageWithoutJournal(t *testing.T, image, ledgerFile, says string, meanwhile func(journal string) error) {
	t.Helper()
	at, journal := core.Image{}, image+".odjundo"
	at.ImagePath = image
	at.Open = func(ctx context.Context, l imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
		s, err := open.Image(ctx, l, mode)
		if err == nil && mode == imagefs.Write {
			err = meanwhile(journal)
		}
		return s, err
	}
	secret, _ := sampletest.Blob(t)
	blob, err := core.ReadBlob(secret.Bytes(), "the blob")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Wipe()
	ledger := core.SingleUse{LedgerFile: ledgerFile}
	_, err = core.Stage(t.Context(), core.Request{Image: at, Blob: blob, SingleUse: ledger})
	if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), filepath.Base(journal)) ||
		!strings.Contains(err.Error(), ". Nothing was written. (") {
		t.Errorf("error %v", err)
	}
	if uses, err := core.LedgerEntries(t.Context(), ledger); err != nil || len(uses) != 0 {
		t.Errorf("uses in force: %+v, %v", uses, err)
	}
}

// endsWith is a context that ends as soon as there is a file.
type endsWith struct {
	context.Context
	path string
}

func (c endsWith) Err() error {
	if _, err := os.Lstat(c.path); err == nil {
		return context.Canceled
	}
	return c.Context.Err()
}

// TestInterruptedOnceMade: a disk that was made is read back, and counts as staged, also where the run is interrupted then.
func TestInterruptedOnceMade(t *testing.T) {
	t.Parallel()
	golden := sampletest.Volume(t, sample.Image{})
	for kind, place := range map[string]func(string, *core.Image){"overlay": overlay, "copy": copied} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			secret, _ := sampletest.Blob(t)
			blob, err := core.ReadBlob(secret.Bytes(), "the blob")
			if err != nil {
				t.Fatal(err)
			}
			defer blob.Wipe()
			ledger := core.SingleUse{LedgerFile: filepath.Join(t.TempDir(), "ledger")}
			at := core.Image{LockTimeout: 20 * time.Second}
			at.ImagePath = golden
			place(t.TempDir(), &at)
			ctx := endsWith{t.Context(), at.NewPath()}
			receipt, err := core.Stage(ctx, core.Request{Image: at, Blob: blob, SingleUse: ledger})
			if err != nil || receipt.NewDisk == nil || receipt.Status.State != core.StateStaged || ctx.Err() == nil {
				t.Errorf("%+v, %v", receipt, err)
			}
			uses, err := core.LedgerEntries(t.Context(), ledger)
			if err != nil || len(uses) != 1 || uses[0].Event != "staged" {
				t.Errorf("uses in force: %+v, %v", uses, err)
			}
		})
	}
}
