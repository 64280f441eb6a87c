package diskimage_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// behaviour is a row of the behaviour table: an image, and what is to become of a join into it.
type behaviour struct {
	name string
	make func(t *testing.T) string
	disk []string // instead of make: arguments of mkdisk.py
	part int      // which of its parts is the Windows
	size int64    // of the volume; 0: volumeSize

	code  winerr.Code // 0: it is accepted
	says  string      // part of the refusal
	warns string      // part of a warning of one that is accepted
	slow  bool        // in the long run only

	noReplace string // part of the refusal to replace a join in one that is accepted; it has to be unstaged first
}

// bench makes the images of the table, most of them out of one volume.
type bench struct{ whole, disk string }

// copied returns a copy of the volume.
func (b *bench) copied(t *testing.T) string { t.Helper(); return convert(t, b.whole, "", nil) }

// spoiled returns a maker of a volume that the lab's spoil.py has changed.
func (b *bench) spoiled(what string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		image := b.copied(t)
		run(t, "python3", testenv.Shared(t, "lab/disk/spoil.py"), image, what)
		return image
	}
}

// looking returns a maker of a volume that ntfs-3g has changed, by the lab's looks.sh.
func (b *bench) looking(look string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		needsMount(t)
		image := b.copied(t)
		run(t, testenv.Shared(t, "lab/disk/looks.sh"), image, look)
		return image
	}
}

func needsMount(t *testing.T) {
	t.Helper()
	if !canMount() {
		testenv.Absent(t, "mounting with ntfs-3g needs root and /dev/fuse")
	}
}

// args returns arguments of mkdisk.py, in which WHOLE stands for the volume.
func (b *bench) args(args ...string) []string {
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "WHOLE", b.whole)
	}
	return args
}

// made returns a maker of a volume that ntfs-3g has filled, by the lab's mkvol.sh.
func made(size string, cluster, sector int, looks string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		needsMount(t)
		image := filepath.Join(t.TempDir(), "volume.img")
		tree := filepath.Dir(sampletest.Image(t, sample.Image{}))
		cmd := exec.Command(testenv.Shared(t, "lab/disk/mkvol.sh"), image, size, tree, fmt.Sprint(cluster), fmt.Sprint(sector), "2048")
		cmd.Env = append(os.Environ(), "LOOKS="+looks, "FILL=60")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("mkvol.sh: %v\n%s", err, out)
		}
		return image
	}
}

// grown returns a maker of a volume that was extended afterwards.
func grown(size int64, first func(*testing.T) string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		image := first(t)
		must(t, os.Truncate(image, size))
		run(t, "sh", "-c", `yes | ntfsresize -f -f "$1"`, "sh", image)
		run(t, "python3", testenv.Shared(t, "lab/disk/spoil.py"), image, "undirty")
		return image
	}
}

// withTree returns a maker of a volume whose Windows was changed before.
func withTree(change func(t testing.TB, windowsPath string)) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		windows := sampletest.Image(t, sample.Image{})
		change(t, windows)
		return sampletest.VolumeOf(t, windows)
	}
}

// withZeros gives the SYSTEM hive a large value of zeros, which may go again: then its place is free.
func withZeros(kept bool) func(t testing.TB, windowsPath string) {
	return func(t testing.TB, windows string) {
		t.Helper()
		sampletest.Edit(t, windows, "SYSTEM", sampletest.LargeValue(256<<10))
		if !kept {
			sampletest.Edit(t, windows, "SYSTEM", sampletest.LargeValue(0))
		}
	}
}

// sparse returns a maker of a volume in which the zeros of the SYSTEM hive are holes.
func sparse(kept bool) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		needsMount(t)
		image, at := withTree(withZeros(kept))(t), t.TempDir()
		run(t, "ntfs-3g", "-o", "permissions,norecover", image, at)
		defer testenv.Unmount(t, at)
		hive := filepath.Join(at, "Windows", "System32", "config", "SYSTEM")
		run(t, "cp", "--sparse=always", hive, hive+".x")
		run(t, "mv", hive+".x", hive)
		return image
	}
}

// table returns the rows. The words are those of the design's behaviour table.
func (b *bench) table() []behaviour {
	return []behaviour{
		{name: "GPT with EFI, MSR, Windows and Recovery", part: 2, disk: b.args(
			"128M", "--part", "efi:8M", "--part", "msr:16M", "--part", "windows=WHOLE", "--part", "recovery:8M")},
		{name: "32 GiB, sparse", part: 2, slow: true, disk: b.args(
			"32G", "--part", "efi:8M", "--part", "msr:16M", "--part", "windows=WHOLE", "--part", "recovery:8M")},
		{name: "GPT with sectors of 4096", part: 1, disk: b.args(
			"128M", "--sector", "4096", "--part", "efi:8M", "--part", "windows=WHOLE")},
		{name: "MBR", slow: true, disk: b.args("96M", "--table", "mbr", "--part", "windows=WHOLE", "--part", "recovery:8M")},
		{name: "bare volume", make: b.copied},
		{name: "clusters of 512", slow: true, make: made("64M", 512, 512, ""), size: 64 << 20},
		{name: "clusters of 64K", slow: true, make: made("128M", 65536, 512, ""), size: 128 << 20},
		{name: "volume with sectors of 4096", slow: true, make: made("64M", 4096, 4096, ""), size: 64 << 20},
		{
			name: "MFT in many runs, scattered hive", slow: true, size: 300 << 20,
			make: grown(300<<20, made("120M", 4096, 512, "frag-mft")),
		},
		{name: "upper-case names", make: b.looking("upper")},
		{name: "zeroed hiberfil.sys", slow: true, make: b.looking("hiberzero")},
		{name: "empty log", slow: true, make: b.spoiled("log-empty")},
		{name: "resident SYSTEM.LOG1", slow: true, make: b.looking("small")},
		{name: "extended volume", slow: true, size: 64 << 20, make: grown(64<<20, b.copied)},
		{name: "dirty SYSTEM hive with logs", make: withTree(sampletest.Dirty)},
		{
			name: "fragmented free space, few enough pieces", slow: true, make: made("120M", 4096, 512, "frag"), size: 120 << 20,
		},
		{name: "fragmented free space and MFT", slow: true, make: made("120M", 4096, 512, "frag-mft"), size: 120 << 20},
		{
			name: "hibernated", make: b.looking("hiber"), code: winerr.Busy,
			says: "is hibernated (or was shut down with fast startup): start it and shut it down with shutdown /s /full",
		},
		{
			name: "dirty flag", make: b.spoiled("dirty"), code: winerr.Busy,
			says: "was not dismounted cleanly (dirty): start this Windows once, or run chkdsk",
		},
		{name: "unclean log", make: b.spoiled("unclean"), code: winerr.Busy, says: "has changes waiting in its NTFS journal"},
		{
			name: "garbage in the log", make: b.spoiled("log-garbage"), code: winerr.CantLoadOfflineHive,
			says: "has a damaged NTFS journal",
		},
		{
			name: "other volume flags", slow: true, make: b.spoiled("volflag"), code: winerr.Busy,
			says: "is marked for chkdsk or an upgrade (flags 0x4000)",
		},
		{
			name: "$MFTMirr differs", make: b.spoiled("mirror"), code: winerr.CantLoadOfflineHive,
			says: "has damaged NTFS metadata (record 3",
		},
		{name: "record 0 is torn", slow: true, make: b.spoiled("torn-mft0"), code: winerr.CantLoadOfflineHive, says: "has damaged NTFS metadata"},
		{
			name: "record of the hive is torn", make: b.spoiled("torn-system"), code: winerr.CantLoadOfflineHive,
			says: "damaged NTFS metadata",
		},
		{name: "BitLocker", make: b.spoiled("bitlocker"), code: winerr.NotSupported, says: "is encrypted with BitLocker: decrypt it"},
		{
			name: "BitLocker To Go", slow: true, make: b.spoiled("bitlocker-togo"), code: winerr.NotSupported,
			says: "is encrypted with BitLocker: decrypt it",
		},
		{name: "ReFS", make: b.spoiled("refs"), code: winerr.NotSupported, says: "is ReFS, which only Windows can change"},
		{
			name: "Storage Spaces", disk: b.args("64M", "--part", "efi:8M", "--part", "spaces:32M"), code: winerr.NotSupported,
			says: "belongs to a storage pool (or dynamic disk), which only Windows can read",
		},
		{
			name: "dynamic disk", slow: true, disk: b.args("64M", "--table", "mbr", "--part", "ldmdata:32M"), code: winerr.NotSupported,
			says: "belongs to a storage pool (or dynamic disk), which only Windows can read",
		},
		{name: "NTFS version 1.2", slow: true, make: b.spoiled("ntfs12"), code: winerr.NotSupported, says: "has an NTFS version other than 3.1"},
		{
			name: "two Windows", disk: b.args("128M", "--part", "windows=WHOLE", "--part", "windows=WHOLE"), code: winerr.InvalidParameter,
			says: "holds 2 Windows installations (partition 1 ",
		},
		{
			name: "no Windows", disk: b.args("64M", "--part", "efi:8M", "--part", "msr:16M"), code: winerr.InvalidParameter,
			says: "holds no Windows installation: partition 1 EFI",
		},
		{name: "compressed hive", make: b.spoiled("compressed"), code: winerr.NotSupported, says: `SYSTEM is compressed (`},
		{name: "EFS", slow: true, make: b.spoiled("encrypted"), code: winerr.NotSupported, says: "is encrypted with EFS"},
		{name: "WOF", make: b.spoiled("wof"), code: winerr.NotSupported, says: "is a reparse point"},
		{
			name: "hole in the hive that is not written", slow: true, make: sparse(false),
			noReplace: "is a sparse file with holes", // while the older join is there, there is no other room
		},
		{name: "hole in the hive, which must grow", make: sparse(true), code: winerr.NotSupported, says: "is a sparse file with holes"},
		{name: "sparse flag without holes", slow: true, make: b.spoiled("sparse-flag")},
		{name: "hard-linked hive", make: b.looking("hardlink"), code: winerr.CantCreateJoinInfo, says: "hard link"},
		{name: "initialized size inside the hive's data", make: func(t *testing.T) string {
			t.Helper()
			image := withTree(withZeros(true))(t)
			run(t, "python3", testenv.Shared(t, "lab/disk/spoil.py"), image, "vdl")
			return image
		}, code: winerr.CantLoadOfflineHive, says: "SYSTEM"},
		{name: "run beyond the volume", make: b.spoiled("run-beyond"), code: winerr.CantLoadOfflineHive, says: "damaged"},
		{name: "cut off", make: func(t *testing.T) string {
			t.Helper()
			image := convert(t, b.disk, "", nil)
			must(t, os.Truncate(image, volumeStart+volumeSize/2))
			return image
		}, code: winerr.CantLoadOfflineHive, says: "cut off"},
		{name: "VSS snapshots", make: b.spoiled("vss"), warns: "holds shadow copies (VSS)"},
	}
}

// TestBehaviourTable carries out every row of the behaviour table that is an image by itself. What is accepted is judged by
// others; what is refused is refused in the same words by plan and stage, stays as it is, and has nothing beside it. The rows
// that are about what surrounds an image are tests of their own: see TestInUse (in use, also as golden), TestContainerTable (snapshots in
// qcow2, backing file without format), TestJournalThatIsThere (an interrupted edit, a foreign change) and TestNewDisk (the
// overlay exists).
func TestBehaviourTable(t *testing.T) {
	t.Parallel()
	b := &bench{whole: volume(t, sample.Image{})}
	b.disk = inMBR(t, b.whole)
	for _, row := range b.table() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.slow && !long() {
				t.Skip("skipped: it is in the long run (make disk-long)")
			}
			var image string
			off := int64(0)
			if row.make != nil {
				image = row.make(t)
			} else {
				var all []int64
				image, all = laidOut(t, row.disk...)
				off = all[row.part]
			}
			if row.code == 0 {
				accepted(t, image, off, row)
				return
			}
			req := core.Request{Image: at(image)}
			req.Image.LockTimeout = time.Hour // waiting does not help
			refused(t, req, image, row.code, row.says)
		})
	}
}

func accepted(t *testing.T, image string, off int64, row behaviour) {
	t.Helper()
	if row.size == 0 {
		row.size = volumeSize
	}
	before := judgeBriefly
	if long() {
		before = judgeBefore
	}
	j := before(t, image, "raw", off, row.size)
	if row.warns != "" {
		blob, _ := blobFor(t, "WEB01", 1107)
		planned, err := core.Plan(t.Context(), core.Request{Image: at(image), Blob: blob})
		must(t, err)
		staged, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: blob})
		must(t, err)
		for _, r := range []*core.Receipt{planned, staged} {
			if !strings.Contains(strings.Join(r.Warnings, "\n"), row.warns) {
				t.Errorf("%s: warnings %q", r.Outcome, r.Warnings)
			}
		}
		_, err = core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)})
		must(t, err)
	}
	j.noReplace = row.noReplace
	j.stageAndJudge(t, image, "raw")
}

// TestJournalThatIsThere opens an image whose edit was interrupted: a reader sees the old state and is told, a writer rolls back
// and says so; and where somebody has changed the image in between, both refuse and touch nothing.
func TestJournalThatIsThere(t *testing.T) {
	t.Parallel()
	image := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	recorded := &recorder{}
	where := at(image)
	where.Open = recorded.open
	blob, _ := blobFor(t, "WEB01", 1107)
	_, err := core.Stage(t.Context(), core.Request{Image: where, Blob: blob})
	must(t, err)
	c := recorded.commits[0]
	must(t, os.WriteFile(image, c.before, 0o600))
	for _, foreign := range []bool{false, true} {
		t.Run(fmt.Sprint("foreign ", foreign), func(t *testing.T) {
			image := convert(t, image, "", nil)
			interrupt(t, image, c.change)
			if foreign {
				spoilSector(t, image, c)
				refused(t, core.Request{Image: at(image)}, image, winerr.Busy, "something else")
				return
			}
			st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(image)})
			must(t, err)
			if st.State != core.StateAbsent {
				t.Errorf("an interrupted edit reads as %s", st.State)
			}
			receipt, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: blob})
			must(t, err)
			if !strings.Contains(strings.Join(receipt.Warnings, "\n"), "was undone") {
				t.Errorf("warnings %q", receipt.Warnings)
			}
			expectState(t, image, core.StateStaged, "WEB01")
		})
	}
	t.Run("no file", func(t *testing.T) {
		image := convert(t, image, "", nil)
		must(t, os.Mkdir(image+undojournal.Suffix, 0o700))
		refused(t, core.Request{Image: at(image)}, image, winerr.NotSupported,
			filepath.Base(image)+": the journal of an interrupted edit cannot be used: ")
	})
}

// interrupt writes a change up to the middle of its groups, with its journal.
func interrupt(t *testing.T, image string, c undojournal.Change) {
	t.Helper()
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	folder, err := undojournal.OpenFolder(filepath.Dir(image))
	must(t, err)
	defer folder.Close()
	broken := &breaking{File: f, left: 20}
	_, err = undojournal.Write(broken, folder, filepath.Base(image)+undojournal.Suffix, c, nil)
	if err == nil || broken.left >= 0 {
		t.Fatalf("the change was not interrupted: %v", err)
	}
	if _, err := os.Lstat(image + undojournal.Suffix); err != nil {
		t.Fatal(err)
	}
}

// breaking is a file that takes a number of writes and then nothing more.
type breaking struct {
	*os.File
	left int
}

func (b *breaking) Size() (int64, error) { return b.Seek(0, 2) }

func (b *breaking) WriteAt(p []byte, off int64) (int, error) {
	if b.left--; b.left < 0 {
		return 0, os.ErrClosed
	}
	return b.File.WriteAt(p, off)
}

// spoilSector changes a sector that the change replaces.
func spoilSector(t *testing.T, image string, c commit) {
	t.Helper()
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	for _, g := range c.change.Groups {
		for _, p := range g {
			if !p.Wipe && len(p.Data) >= 512 && !bytes.Equal(p.Data[:512], c.before[p.Off:p.Off+512]) {
				write(t, f, []byte("somebody else"), p.Off)
				return
			}
		}
	}
	t.Fatal("no such sector")
}

// TestContainerTable carries out the rows of the table of containers that are refused, and those that our own code does not change
// in place and that are golden images all the same. TestJoinInPlace and TestNewDisk have the rows that are accepted, and
// what needs qemu-nbd is with the tests of that.
func TestContainerTable(t *testing.T) {
	t.Parallel()
	disk := inMBR(t, volume(t, sample.Image{}))
	made := func(format string, args ...string) func(*testing.T) string {
		return func(t *testing.T) string { t.Helper(); return convert(t, disk, format, args) }
	}
	file := func(name string, content ...string) func(*testing.T) string {
		return func(t *testing.T) string {
			t.Helper()
			path := filepath.Join(t.TempDir(), name)
			must(t, os.WriteFile(path, []byte(strings.Join(content, "")), 0o600))
			return path
		}
	}
	for _, c := range []struct {
		name    string
		make    func(*testing.T) string
		code    winerr.Code
		says    string
		overlay bool // an overlay of it is made; whether it is changed in place depends on qemu-nbd
	}{
		{"qcow2 with snapshots", func(t *testing.T) string {
			t.Helper()
			image := convert(t, disk, "qcow2", nil)
			run(t, "qemu-img", "snapshot", "-c", "one", image)
			return image
		}, 0, "", true},
		{"qcow2 with bitmaps", func(t *testing.T) string {
			t.Helper()
			image := convert(t, disk, "qcow2", nil)
			run(t, "qemu-img", "bitmap", "--add", image, "one")
			return image
		}, 0, "", true},
		{"qcow2 with refcounts of 8 bits", made("qcow2", "-o", "refcount_bits=8"), 0, "", true},
		{"qcow2 that is dirty", func(t *testing.T) string {
			t.Helper()
			return patched(t, convert(t, disk, "qcow2", nil), 79, 1)
		}, 0, "", true},
		{"qcow2 that is corrupt", func(t *testing.T) string {
			t.Helper()
			return patched(t, convert(t, disk, "qcow2", nil), 79, 2)
		}, winerr.CantLoadOfflineHive, "is damaged", false},
		{"qcow2 with LUKS", func(t *testing.T) string {
			t.Helper()
			image := filepath.Join(t.TempDir(), "disk.qcow2")
			run(t, "qemu-img", "create", "-q", "-f", "qcow2", "--object", "secret,id=s,data=abc", "-o",
				"encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", image, "1M")
			return image
		}, winerr.NotSupported, "is encrypted", false},
		{"backing file without format", func(t *testing.T) string {
			t.Helper()
			dir := t.TempDir()
			image := filepath.Join(dir, "disk.qcow2")
			run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk, image)
			return withoutFormat(t, image)
		}, winerr.NotSupported, "does not name the format of its backing file", false},
		{"differencing vhdx", func(t *testing.T) string {
			t.Helper()
			return differencing(t, convert(t, disk, "vhdx", []string{"-o", "subformat=dynamic"}))
		}, winerr.NotSupported, "is a differencing disk", false},
		{"vhdx with a log", sharedImage("hyperv-vhdx-log-replay.vhdx"), winerr.Busy, "has changes waiting in its log", false},
		{"differencing vhd", sharedImage("win-differencing.vhd"), winerr.NotSupported, "is a differencing disk", false},
		{"sparse vmdk", made("vmdk", "-o", "subformat=monolithicSparse"), 0, "", true},
		{"split vmdk", made("vmdk", "-o", "subformat=twoGbMaxExtentSparse"), 0, "", true},
		{"stream optimized vmdk", made("vmdk", "-o", "subformat=streamOptimized"), winerr.NotSupported, "is stream optimized", false},
		{"vmdk without its extents", sharedImage("vbox-descriptor-only.vmdk"), winerr.FileNotFound, "lacks one of the files", false},
		{"WIM", file("install.wim", "MSWIM\x00\x00\x00", strings.Repeat("\x00", 500)), winerr.NotSupported, "it is a WIM", false},
		{"ESD", file("install.esd", "MSWIM\x00\x00\x00", strings.Repeat("\x00", 500)), winerr.NotSupported, "it is a WIM", false},
		{
			"ISO", file("setup.iso", strings.Repeat("\x00", 32768), "\x01CD001\x01", strings.Repeat("\x00", 2041)), winerr.NotSupported,
			"ISO", false,
		},
		{"VDI", file("disk.vdi", "<<< Oracle VM VirtualBox Disk Image >>>\n", strings.Repeat("\x00", 24), "\x7f\x10\xda\xbe",
			strings.Repeat("\x00", 500)), winerr.NotSupported, "VDI", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			image := c.make(t)
			req := core.Request{Image: at(image)}
			if !c.overlay {
				refused(t, req, image, c.code, c.says)
			}
			req.Image.Location = imagefs.Location{ImagePath: image, OverlayPath: filepath.Join(t.TempDir(), "web01.qcow2")}
			if !c.overlay {
				refused(t, req, image, c.code, c.says)
				return
			}
			was, err := os.ReadFile(image)
			must(t, err)
			req.Blob, _ = blobFor(t, "WEB01", 1107)
			_, err = core.Stage(t.Context(), req)
			must(t, err)
			expectState(t, req.Image.OverlayPath, core.StateStaged, "WEB01")
			if now, err := os.ReadFile(image); err != nil || !bytes.Equal(was, now) {
				t.Errorf("the golden image changed (%v)", err)
			}
		})
	}
}

// patched changes a byte of a file.
func patched(t *testing.T, image string, off int64, to byte) string {
	t.Helper()
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	write(t, f, []byte{to}, off)
	return image
}

// withoutFormat takes the format of the backing file out of a qcow2 header.
func withoutFormat(t *testing.T, image string) string {
	t.Helper()
	data, err := os.ReadFile(image)
	must(t, err)
	i := bytes.Index(data[:4096], []byte("\xe2\x79\x2a\xca"))
	if i < 0 {
		t.Fatal("no format in the header")
	}
	copy(data[i:], "\x00\x00\x00\x01") // an extension that nobody knows
	must(t, os.WriteFile(image, data, 0o600))
	return image
}

// differencing sets "has a parent" in the file parameters of a vhdx, which are the first item of its metadata.
func differencing(t *testing.T, image string) string {
	t.Helper()
	data, err := os.ReadFile(image)
	must(t, err)
	// File parameters, caa16737-fa36-4d43-b3b6-33f0aa44e76b: the entry has the offset in its metadata region.
	guid := []byte{0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b}
	i := bytes.Index(data[:4<<20], guid)
	region := bytes.LastIndex(data[:max(i, 0)], []byte("metadata"))
	if i < 0 || region < 0 {
		t.Fatal("no metadata")
	}
	at := region + int(data[i+16]) + int(data[i+17])<<8 + int(data[i+18])<<16
	data[at+4] |= 2
	must(t, os.WriteFile(image, data, 0o600))
	return image
}

// sharedImage returns a maker of an image of the shared test data.
func sharedImage(name string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		packed := testenv.Shared(t, "testdata/volumes/"+name+".gz")
		out, err := exec.Command(testenv.Tool(t, "gzip"), "-dc", packed).Output()
		must(t, err)
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, out, 0o600))
		return path
	}
}
