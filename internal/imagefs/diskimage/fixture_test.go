package diskimage_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	return imagetest.Run(t, name, args...)
}

const (
	volumeSize  = sampletest.VolumeSize
	volumeStart = 1 << 20
)

// volume makes an NTFS volume with the sample Windows in it, as a file of its own.
func volume(t testing.TB, im sample.Image) string { t.Helper(); return sampletest.Volume(t, im) }

func write(t testing.TB, f *os.File, data []byte, off int64) {
	t.Helper()
	_, err := f.WriteAt(data, off)
	must(t, err)
}

// inMBR puts a volume into the second partition of a disk; the first is an empty one of another type.
func inMBR(t testing.TB, volume string) string {
	t.Helper()
	data, err := os.ReadFile(volume)
	must(t, err)
	name := filepath.Join(t.TempDir(), "disk.raw")
	f, err := os.Create(name)
	must(t, err)
	defer f.Close()
	must(t, f.Truncate(volumeStart+volumeSize+1<<20))
	sector := make([]byte, 512)
	entry := func(i int, kind byte, start, n uint32) {
		b := sector[446+16*i:]
		b[4] = kind
		binary.LittleEndian.PutUint32(b[8:], start)
		binary.LittleEndian.PutUint32(b[12:], n)
	}
	entry(0, 0x83, 64, 128)
	entry(1, 0x07, volumeStart/512, volumeSize/512)
	sector[510], sector[511] = 0x55, 0xaa
	write(t, f, sector, 0)
	write(t, f, data, volumeStart)
	return name
}

// kinds are the containers that are tested, each made from a raw disk.
var kinds = []struct {
	name, format string
	args         []string
}{
	{"raw", "", nil},
	{"qcow2", "qcow2", nil},
	{"compressed", "qcow2", []string{"-c"}},
	{"clone", "clone", nil},
	{"vhdx", "vhdx", []string{"-o", "subformat=dynamic"}},
	{"vhd-dynamic", "vpc", []string{"-o", "subformat=dynamic,force_size=on"}},
	{"vmdk-flat", "vmdk", []string{"-o", "subformat=monolithicFlat"}},
	{"vhd-fixed", "vpc", []string{"-o", "subformat=fixed,force_size=on"}},
}

// convert makes an image file of a format out of a raw disk.
func convert(t testing.TB, raw, format string, args []string) string {
	t.Helper()
	dir := t.TempDir()
	to := filepath.Join(dir, "disk."+format)
	switch format {
	case "":
		to = filepath.Join(dir, "disk.img")
		data, err := os.ReadFile(raw)
		must(t, err)
		must(t, os.WriteFile(to, data, 0o600))
	case "clone":
		base := filepath.Join(dir, "base.qcow2")
		run(t, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, base)
		run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, to)
	default:
		run(t, "qemu-img", append(append([]string{"convert", "-f", "raw", "-O", format}, args...), raw, to)...)
	}
	return to
}

// at waits for locks: between fork and exec, a tool that another test starts holds copies of all that is open.
func at(image string) core.Image {
	return core.Image{Location: imagefs.Location{ImagePath: image}, LockTimeout: 20 * time.Second}
}

func blobFor(t testing.TB, machine string, rid uint32) (*core.Blob, []byte) {
	t.Helper()
	secret, _ := sampletest.BlobFor(t, machine, rid)
	blob, err := core.ReadBlob(secret.Bytes(), "")
	must(t, err)
	return blob, secret.Bytes()
}

// rawOf returns the disk of an image as a raw file.
func rawOf(t testing.TB, image, format string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "out.raw")
	run(t, "qemu-img", "convert", "-f", format, "-O", "raw", image, to)
	return to
}

// volumeOf cuts the volume out of a raw disk with the partition of inMBR.
func volumeOf(t testing.TB, disk string) string {
	t.Helper()
	return cut(t, disk, volumeStart, volumeSize)
}
