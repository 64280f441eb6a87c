package diskimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// engineKinds are the images that qemu-nbd changes, and some of them also reads.
var engineKinds = []struct {
	name, format, says string
	args               []string
	then               []string // a command of qemu-img before the image
}{
	{name: "vmdk-sparse", format: "vmdk", says: "is a sparse or split VMDK", args: []string{"-o", "subformat=monolithicSparse"}},
	{name: "vmdk-split", format: "vmdk", says: "is a sparse or split VMDK", args: []string{"-o", "subformat=twoGbMaxExtentSparse"}},
	{name: "snapshot", format: "qcow2", says: "has snapshots inside", then: []string{"snapshot", "-c", "one"}},
	{name: "extended-l2", format: "qcow2", says: "has extended L2 entries", args: []string{"-o", "extended_l2=on,cluster_size=128k"}},
	{name: "refcount-1", format: "qcow2", says: "has an unusual refcount width", args: []string{"-o", "refcount_bits=1"}},
	{name: "bitmap", format: "qcow2", says: "has dirty bitmaps inside", then: []string{"bitmap", "--add"}},
	{name: "data-file", format: "qcow2", says: "keeps its data in another file", args: []string{"-o", "data_file=DATA"}},
}

// engineImage makes an image of such a kind, in a folder of its own.
func engineImage(t *testing.T, raw string, i int) string {
	t.Helper()
	kind := engineKinds[i]
	dir := t.TempDir()
	image := filepath.Join(dir, "a disk, with a comma."+kind.format)
	args := []string{"convert", "-f", "raw", "-O", kind.format}
	for _, a := range kind.args {
		args = append(args, strings.ReplaceAll(a, "DATA", filepath.Join(dir, "data.raw")))
	}
	run(t, "qemu-img", append(args, raw, image)...)
	if len(kind.then) > 0 {
		args := append(kind.then[:len(kind.then):len(kind.then)], image)
		if kind.then[0] == "bitmap" {
			args = append(args, "backup1")
		}
		run(t, "qemu-img", args...)
	}
	return image
}

// TestJoinThroughQemu takes images that this program has no code of its own for through a whole life, in place and below an
// overlay.
func TestJoinThroughQemu(t *testing.T) {
	t.Parallel()
	for method, im := range methods() {
		raw := inMBR(t, volume(t, im))
		for i, kind := range engineKinds {
			if !long() && (i%2 == 0) != (method == core.MethodRegistry) { // each container with one method
				continue
			}
			t.Run(string(method)+"/"+kind.name, func(t *testing.T) {
				t.Parallel()
				testenv.Tool(t, "qemu-nbd")
				image := engineImage(t, raw, i)
				before := volumeOf(t, raw)
				newDisk(t, image, before, kind.format, true)
				lifecycle(t, image, method)
				judge(t, image, kind.format, before)
				inSnapshot(t, image, kind.name)
			})
		}
	}
}

// inSnapshot stages, makes a snapshot, and unstages: the bytes in the snapshot are told.
func inSnapshot(t *testing.T, image, kind string) {
	t.Helper()
	if kind != "snapshot" {
		return
	}
	blob, _ := blobFor(t, "WEB01", 1107)
	_, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: blob})
	must(t, err)
	run(t, "qemu-img", "snapshot", "-c", "two", image)
	receipt, err := core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)})
	must(t, err)
	if !strings.Contains(strings.Join(receipt.Warnings, "\n"), "is still in the snapshots inside") {
		t.Errorf("warnings: %q", receipt.Warnings)
	}
	expectState(t, image, core.StateAbsent, "")
	run(t, "qemu-img", "snapshot", "-a", "two", image)
	expectState(t, image, core.StateStaged, "WEB01")
}

// TestWithoutQemu has no qemu-nbd: each is refused with the package that has it, in the same words in plan and stage.
func TestWithoutQemu(t *testing.T) {
	raw := inMBR(t, volume(t, sample.Image{}))
	images := make([]string, len(engineKinds))
	for i := range engineKinds {
		images[i] = engineImage(t, raw, i)
	}
	t.Setenv("PATH", t.TempDir())
	for i, kind := range engineKinds {
		t.Run(kind.name, func(t *testing.T) {
			refused(t, core.Request{Image: at(images[i])}, images[i], winerr.NotSupported, kind.says)
			blob, _ := blobFor(t, "WEB01", 1107)
			_, err := core.Plan(t.Context(), core.Request{Image: at(images[i]), Blob: blob})
			if err == nil || strings.Count(err.Error(), "install qemu-utils") != 1 || strings.Contains(err.Error(), "qemu-img convert") {
				t.Errorf("the way out: %v", err)
			}
		})
	}
}

// TestNoCopyOfWhatNeedsQemu: a copy of what this program cannot change itself is refused by the golden image's name, before anything
// is made.
func TestNoCopyOfWhatNeedsQemu(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for i, kind := range engineKinds {
		if kind.name != "vmdk-sparse" && kind.name != "snapshot" {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			testenv.Tool(t, "qemu-nbd")
			golden := engineImage(t, raw, i)
			place := at(golden)
			place.CopyPath = filepath.Join(t.TempDir(), "web01."+kind.format)
			blob, _ := blobFor(t, "WEB01", 1107)
			_, err := core.Plan(t.Context(), core.Request{Image: place, Blob: blob})
			if err == nil || !strings.Contains(err.Error(), ": "+golden+" "+kind.says) {
				t.Errorf("want %s %s: %v", golden, kind.says, err)
			}
		})
	}
}

// TestKilledThroughQemu kills processes that stage and unstage through qemu-nbd.
func TestKilledThroughQemu(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for i, kind := range engineKinds {
		if kind.name != "snapshot" && (kind.name != "vmdk-sparse" || !long()) {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			testenv.Tool(t, "qemu-nbd")
			image := engineImage(t, raw, i)
			killRounds(t, image)
			judge(t, image, kind.format, volumeOf(t, raw))
		})
	}
}

// TestEngineJournalNeedsTheEngine: a journal of the virtual disk is not taken for one of the file.
func TestEngineJournalNeedsTheEngine(t *testing.T) {
	t.Parallel()
	image := convert(t, inMBR(t, volume(t, sample.Image{})), "qcow2", nil)
	leaveJournal(t, image, image+undojournal.Suffix, []byte("virtual disk through qemu-nbd"))
	req := core.Request{Image: at(image)}
	req.Blob, _ = blobFor(t, "WEB01", 1107)
	_, err := core.Stage(t.Context(), req)
	if code, _ := winerr.CodeOf(err); code != winerr.Busy {
		t.Errorf("want 170: %v", err)
	}
	if _, err := os.Lstat(image + undojournal.Suffix); err != nil {
		t.Error("the journal is gone: ", err)
	}
}

// leaveJournal puts the journal of a change that broke off into a file; what it would undo is some bytes of the image.
func leaveJournal(t *testing.T, image, journal string, identity []byte) {
	t.Helper()
	content, err := os.ReadFile(image)
	must(t, err)
	m := powercut.New(content)
	m.CutAt(6)
	change := undojournal.Change{
		Groups: [][]undojournal.Piece{{{Off: 512, Data: []byte("first")}}, {{Off: 4096, Data: []byte("second")}}},
		Size:   int64(len(content)),
	}
	if _, err := undojournal.Write(m.Image(), m.Folder(), "journal", change, identity); err == nil {
		t.Fatal("not interrupted")
	}
	left, there := m.Journal()
	if !there {
		t.Fatal("no journal was left")
	}
	must(t, os.WriteFile(journal, left, 0o600))
}
