package golden_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(testenv.Tool(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// TestEmptyIsWhatTheRecipeMakes formats the empty volume anew. Another version of mkntfs may format differently, so this is
// for the one that the committed volume is from.
func TestEmptyIsWhatTheRecipeMakes(t *testing.T) {
	t.Parallel()
	const version = "v2022.10.3"
	mkntfs := testenv.Tool(t, "mkntfs")
	if out, err := exec.Command(mkntfs, "--version").CombinedOutput(); err != nil || !strings.Contains(string(out), version) {
		t.Skipf("the committed volume is from mkntfs %s, and this is another one (%v): %s", version, err, out)
	}
	made, err := golden.Recipe(t.Context(), mkntfs, filepath.Join(t.TempDir(), "volume"))
	must(t, err)
	kept, err := golden.Empty()
	must(t, err)
	if !bytes.Equal(made, kept) {
		t.Error("empty.ntfs.gz is not what its recipe makes: run make empty-volume")
	}
}

func TestPackedVolumeComesBack(t *testing.T) {
	t.Parallel()
	volume, err := golden.Empty()
	must(t, err)
	packed, err := golden.Pack(volume)
	must(t, err)
	kept, err := os.ReadFile("empty.ntfs.gz")
	must(t, err)
	if !bytes.Equal(packed, kept) {
		t.Errorf("packed anew, the empty volume has %d bytes and not the same %d", len(packed), len(kept))
	}
}

// TestVolume has ntfs-3g's own checker and an independent one look at the filled volume, and ntfscat read its files.
func TestVolume(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "volume.raw")
	must(t, golden.WriteVolume(path, sample.Image{}))
	run(t, "ntfsfix", "-n", path)
	run(t, "python3", testenv.Shared(t, "lab/disk/nchk.py"), path)
	files, err := sample.Files(sample.Image{})
	must(t, err)
	for _, f := range files {
		got, err := exec.Command(testenv.Tool(t, "ntfscat"), path, f.Name).Output()
		if err != nil || len(got) != len(f.Content) {
			t.Errorf("ntfscat %s: %d bytes, not %d (%v)", f.Name, len(got), len(f.Content), err)
		}
	}
	if err := golden.WriteVolume(path, sample.Image{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second volume at the same path: %v", err)
	}
}

// TestVolumeOfATree has the same files as one of the sample.
func TestVolumeOfATree(t *testing.T) {
	t.Parallel()
	windows, err := sample.WriteTree(t.TempDir(), sample.Image{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "volume.raw")
	empty, err := golden.Empty()
	must(t, err)
	must(t, os.WriteFile(path, empty, 0o600))
	must(t, golden.FillVolume(path, windows))
	must(t, golden.WriteVolumeOf(path+"2", windows))
	data, err := os.ReadFile(path)
	must(t, err)
	if made, err := os.Stat(path + "2"); err != nil || made.Size() != int64(len(data)) {
		t.Errorf("%v (%v)", made, err)
	}
	v, err := ntfs.Open(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	files, err := sample.Files(sample.Image{})
	must(t, err)
	for _, f := range files {
		if info, err := v.Stat(f.Name); err != nil || info.Size != int64(len(f.Content)) {
			t.Errorf("%s: %+v (%v)", f.Name, info, err)
		}
	}
}

// TestDisk has qemu-img check the container and sfdisk the partition table, and our own readers find the volume.
func TestDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, raw := filepath.Join(dir, "golden.qcow2"), filepath.Join(dir, "golden.raw")
	must(t, golden.WriteDisk(path, sample.Image{}))
	image, err := disk.Open(t.Context(), path, lock.Read, lock.Options{Wait: 20 * time.Second})
	must(t, err)
	defer image.Close()
	table, err := partition.Read(image, image.Size())
	must(t, err)
	if len(table.Partitions) != 3 {
		t.Fatalf("%d partitions, not 3", len(table.Partitions))
	}
	p := table.Partitions[2]
	content := make([]byte, p.Size)
	_, err = image.ReadAt(content, p.Off)
	must(t, err)
	v, err := ntfs.Open(bytes.NewReader(content), p.Size)
	must(t, err)
	must(t, v.Writable())

	if out := run(t, "qemu-img", "check", path); !strings.Contains(out, "No errors were found") {
		t.Error(out)
	}
	run(t, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, raw)
	run(t, "sfdisk", "--verify", raw)
	got, err := os.ReadFile(raw)
	must(t, err)
	if int64(len(got)) != golden.DiskSize || !bytes.Equal(got[p.Off:p.Off+p.Size], content) {
		t.Error("qemu-img reads another volume than we do")
	}
}

// TestVHD has qemu-img read the fixed VHD, sfdisk its partition table and ntfsfix its volume.
func TestVHD(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, raw := filepath.Join(dir, "sample.vhd"), filepath.Join(dir, "sample.raw")
	must(t, golden.WriteVHD(path, sample.Image{}))
	if err := golden.WriteVHD(path, sample.Image{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second one at the same path: %v", err)
	}
	image, err := disk.Open(t.Context(), path, lock.Read, lock.Options{Wait: 20 * time.Second})
	must(t, err)
	defer image.Close()
	table, err := partition.Read(image, image.Size())
	must(t, err)
	if len(table.Partitions) != 1 {
		t.Fatalf("%d partitions, not 1", len(table.Partitions))
	}
	p := table.Partitions[0]
	content := make([]byte, p.Size)
	_, err = image.ReadAt(content, p.Off)
	must(t, err)

	run(t, "qemu-img", "convert", "--image-opts", "-O", "raw", "driver=vpc,file.driver=file,file.filename="+path+
		",force_size_calc=current_size", raw)
	run(t, "sfdisk", "--verify", raw)
	got, err := os.ReadFile(raw)
	must(t, err)
	if int64(len(got)) < p.Off+p.Size || !bytes.Equal(got[p.Off:p.Off+p.Size], content) {
		t.Fatal("qemu-img reads another volume than we do")
	}
	volume := filepath.Join(dir, "volume.raw")
	must(t, os.WriteFile(volume, content, 0o600))
	run(t, "ntfsfix", "-n", volume)
}
