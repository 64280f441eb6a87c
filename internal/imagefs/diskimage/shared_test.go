package diskimage_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestSharedImages judges every image of the shared test data as its manifest expects. None holds a Windows with its hives, so that
// what is read and has none is refused for that. Those whose container is changed through qemu-nbd alone are opened as golden.
func TestSharedImages(t *testing.T) {
	t.Parallel()
	const none = "holds no Windows installation"
	type verdict struct {
		code winerr.Code
		says string
	}
	noWindows := verdict{winerr.InvalidParameter, none}
	bitLocker := verdict{winerr.NotSupported, "is encrypted with BitLocker"}
	damaged := verdict{winerr.CantLoadOfflineHive, ""}
	want := map[string]verdict{
		"win10-18362-cluster2m.raw.gz": noWindows, "win10-18348-lastaccess.raw.gz": noWindows, "win10-18348-slack.raw.gz": noWindows,
		"win10-14393-compressed.raw.gz": noWindows, "win10-20h1-vss-usn-64g.sparse.tgz": noWindows,
		"vss-2-stor-5g.sparse.tgz": noWindows, "vss-3-volstor-5g.sparse.tgz": noWindows, "win2003-vss-128g.sparse.tgz": noWindows,
		"win-index.raw.gz": noWindows, "linux-ntfs3.raw.gz": noWindows, "linux-ntfs3-attrlist.raw.gz": noWindows,
		"win-ads-same-ids.raw.gz": noWindows, "winxp-dftt7.raw.gz": noWindows,
		"win7-vss.v2-compressed.qcow2.gz": noWindows, "mkntfs-windows-tree.qcow2.gz": noWindows,
		// Their log would be a refusal of its own, were there a Windows (see package ntfs).
		"win-unclean-log20-compressed-ads.raw.gz": noWindows, "win7-links-unclean.raw.gz": noWindows,
		// It has a SYSTEM hive of 13 bytes, which its manifest overlooks.
		"win-8m-partition.raw.gz": {winerr.CantLoadOfflineHive, "not a registry hive"},
		"bde-aes-xts_128.raw.gz":  bitLocker, "bde-decrypted.raw.gz": bitLocker, "bde-suspended.raw.gz": bitLocker,
		"bde-vista.raw.gz":              bitLocker,
		"truncated-disk.raw.gz":         {winerr.CantLoadOfflineHive, "cut off"},
		"win-mbr-logical-drives.raw.gz": noWindows,
		"hyperv-20348-ntfs.vhdx.gz":     noWindows, "hyperv-swap.vhdx.gz": noWindows, "hyperv-btrfs.vhdx.gz": noWindows,
		"hyperv-vhdx-log-replay.vhdx.gz": {winerr.Busy, "has changes waiting in its log"},
		"win-differencing.vhd.gz":        {winerr.NotSupported, "is a differencing disk"},
		"qemu-dynamic.vhd.gz":            noWindows, "qemu-ext2.vhd.gz": noWindows, "sizes-differ.vhd.gz": noWindows,
		"qemu-bad-header-checksum.vhd.gz": damaged,
		"vmware4-sparse.vmdk.gz":          noWindows, "empty.vmdk.gz": noWindows,
		"streamoptimized.vmdk.gz": {winerr.NotSupported, "is stream optimized"},
		"invalid.vmdk.gz":         damaged, "invalid-l1.vmdk.gz": damaged,
		"vbox-descriptor-only.vmdk.gz": {winerr.FileNotFound, "lacks one of the files"},
		"v2-compressed.qcow2.gz":       noWindows, "v3-ext2.qcow2.gz": noWindows, "v3-empty.qcow2.gz": noWindows,
		"v3-backing-chain.qcow2.gz": {winerr.FileNotFound, "cannot be opened"},
		"qcow1.qcow.gz":             {winerr.NotSupported, "version 1"},
	}
	seen := 0
	for _, name := range manifest(t) {
		w, ok := want[name]
		if !ok {
			t.Errorf("%s is in the manifest and not in this table", name)
			continue
		}
		seen++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packed, err := os.Stat(testenv.Shared(t, "testdata/volumes/"+name))
			must(t, err)
			if packed.Size() > 200_000 && !long() {
				t.Skip("skipped: it is large (make disk-long); package ntfs reads its volumes")
			}
			image := unpacked(t, name)
			blob, _ := blobFor(t, "WEB01", 1107)
			req := core.Request{Image: at(image), Blob: blob}
			if strings.HasSuffix(image, ".vmdk") {
				req.Image.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
			}
			was := summary(t, image)
			_, planErr := core.Plan(t.Context(), req)
			_, stageErr := core.Stage(t.Context(), req)
			if planErr == nil || stageErr == nil {
				t.Fatalf("planned: %v; staged: %v", planErr, stageErr)
			}
			t.Log(stageErr)
			for _, err := range []error{planErr, stageErr} {
				if code, _ := winerr.CodeOf(err); code != w.code || !strings.Contains(err.Error(), w.says) {
					t.Errorf("want code %v and %q: %v", w.code, w.says, err)
				}
			}
			if now := summary(t, image); now != was {
				t.Errorf("it changed: %s, now %s", was, now)
			}
			if _, err := os.Lstat(image + undojournal.Suffix); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a journal: %v", err)
			}
		})
	}
	if seen != len(want) {
		t.Errorf("%d images of %d are in the manifest", seen, len(want))
	}
}

// manifest returns the names of the images of the shared test data.
func manifest(t *testing.T) (names []string) {
	t.Helper()
	data, err := os.ReadFile(testenv.Shared(t, "testdata/volumes/MANIFEST.tsv"))
	must(t, err)
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name != "name" && name != "" && !strings.HasPrefix(name, "parts/") {
			names = append(names, name)
		}
	}
	return names
}

// unpacked returns an image of the shared test data as a file.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	if !strings.HasSuffix(name, ".tgz") {
		return sharedImage(strings.TrimSuffix(name, ".gz"))(t)
	}
	dir := t.TempDir()
	run(t, "tar", "xzSf", testenv.Shared(t, "testdata/volumes/"+name), "-C", dir)
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%s holds %v", name, all)
	}
	return all[0]
}

// summary is the time and size of a file, and its content where that is no matter of minutes.
func summary(t *testing.T, image string) string {
	t.Helper()
	info, err := os.Stat(image)
	must(t, err)
	out := info.ModTime().String()
	if info.Size() < 100<<20 || long() && info.Size() < 300<<20 {
		data, err := os.ReadFile(image)
		must(t, err)
		out += digestOf(data)
	}
	return out
}

// TestVolumeWithSnapshots stages into a volume on which Windows 7 has made shadow copies: plan and stage warn of them, and the
// volume stays what it was but for the join. Our own engine has put the Windows there.
func TestVolumeWithSnapshots(t *testing.T) {
	t.Parallel()
	if !long() {
		t.Skip("skipped: it takes long, and TestBehaviourTable has a volume that looks like one (make disk-long)")
	}
	image := rawOf(t, unpacked(t, "win7-vss.v2-compressed.qcow2.gz"), "qcow2")
	sampletest.FillVolume(t, image, sampletest.Image(t, sample.Image{}))
	info, err := os.Stat(image)
	must(t, err)
	accepted(t, image, 0, behaviour{size: info.Size(), warns: "holds shadow copies (VSS)"})
}

// TestLedgerAndBackup stages into one of two Windows on a disk, with a ledger and a copy of the hive: the account is used for that
// partition, by whatever name the disk is reached, and free again when the join is taken back.
func TestLedgerAndBackup(t *testing.T) {
	t.Parallel()
	whole := volume(t, sample.Image{})
	disk, offsets := laidOut(t, "128M", "--part", "windows="+whole, "--part", "windows="+whole)
	dir := t.TempDir()
	link, backup := filepath.Join(dir, "link.img"), filepath.Join(dir, "backup")
	must(t, os.Symlink(disk, link))
	blob, _ := blobFor(t, "WEB01", 1107)
	use := core.SingleUse{LedgerFile: filepath.Join(dir, "ledger")}
	stage := func(path string, partition int) (*core.Receipt, error) {
		where := at(path)
		where.Partition = partition
		return core.Stage(t.Context(), core.Request{Image: where, Blob: blob, SingleUse: use, Backup: backup})
	}
	hive := func() []byte {
		out, err := exec.Command(testenv.Tool(t, "ntfscat"), cut(t, disk, offsets[0], volumeSize),
			"Windows/System32/config/SYSTEM").Output()
		must(t, err)
		return out
	}
	before := hive()
	_, err := stage(disk, 1)
	must(t, err)
	kept, err := os.ReadFile(filepath.Join(backup, "SYSTEM"))
	must(t, err)
	if !bytes.Equal(kept, before) || bytes.Equal(kept, hive()) {
		t.Error("the copy is not the hive as it was")
	}
	was := summary(t, disk)
	for _, path := range []string{disk, link} {
		if _, err := stage(path, 2); err == nil || !strings.Contains(err.Error(), "partition 1") && !strings.Contains(err.Error(), "#1") {
			t.Errorf("the account was staged into another Windows: %v", err)
		} else {
			t.Log(err)
		}
		receipt, err := stage(path, 1)
		must(t, err)
		if receipt.Outcome != core.OutcomeUnchanged {
			t.Errorf("staging again: %s", receipt.Outcome)
		}
	}
	if summary(t, disk) != was {
		t.Error("the disk changed")
	}
	first := at(link)
	first.Partition = 1
	_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: first, SingleUse: use})
	must(t, err)
	backup = filepath.Join(dir, "another backup")
	_, err = stage(disk, 2)
	must(t, err)
}
