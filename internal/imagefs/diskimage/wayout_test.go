package diskimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestWaysOut refuses images that neither this program nor qemu-nbd changes, in place and as golden ones, each with its way out.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	begins := func(off int64, magic string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			f, err := os.Create(path)
			must(t, err)
			defer f.Close()
			write(t, f, []byte(magic), off)
			must(t, f.Truncate(1<<20))
		}
	}
	qemu := func(args ...string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { run(t, "qemu-img", append(args, raw, path)...) }
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		code winerr.Code
		says string
		way  string
	}{
		{
			"luks", func(t *testing.T, path string) {
				qemu("convert", "-f", "raw", "-O", "qcow2")(t, path)
				patch(t, path, []byte{2}, 35)
			}, winerr.NotSupported, "is encrypted", "qemu-img convert",
		},
		{"luks itself", begins(0, "LUKS\xba\xbe\x00\x01"), winerr.NotSupported, "is encrypted", "cryptsetup"},
		{
			"corrupt", func(t *testing.T, path string) {
				qemu("convert", "-f", "raw", "-O", "qcow2")(t, path)
				patch(t, path, []byte{2}, 79)
			}, winerr.CantLoadOfflineHive, "marked it as corrupt", "qemu-img check -r all",
		},
		{
			"differencing", shared("win-differencing.vhd"), winerr.NotSupported, "is a differencing disk", "Merge-VHD",
		},
		{"pending vhdx log", shared("hyperv-vhdx-log-replay.vhdx"), winerr.Busy, "has changes waiting in its log", "Windows"},
		{
			"stream optimized", qemu("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized"), winerr.NotSupported,
			"is stream optimized", "qemu-img convert -O qcow2",
		},
		{"vdi", qemu("convert", "-f", "raw", "-O", "vdi"), winerr.NotSupported, "a VDI image", "qemu-img convert -O qcow2"},
		{"wim", begins(0, "MSWIM\x00\x00\x00"), winerr.NotSupported, "it is a WIM archive", "apply it first"},
		{"esd", begins(0, "MSWIM\x00\x00\x00\x00\x00\x00\x00\x00\x0e\x00\x00"), winerr.NotSupported, "it is an ESD archive", "apply it first"},
		{"iso", begins(0x8001, "CD001"), winerr.NotSupported, "it is an ISO image", "give the disk that was installed from it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			image := filepath.Join(t.TempDir(), "disk")
			c.make(t, image)
			refused(t, core.Request{Image: at(image)}, image, c.code, c.says)
			overlay := core.Request{Image: at(image)}
			overlay.Image.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
			refused(t, overlay, image, c.code, c.says)
			overlay.Blob, _ = blobFor(t, "WEB01", 1107)
			for _, req := range []core.Request{{Image: at(image), Blob: overlay.Blob}, overlay} {
				if _, err := core.Stage(t.Context(), req); err == nil || !strings.Contains(err.Error(), c.way) {
					t.Errorf("no way out (%s): %v", c.way, err)
				}
			}
		})
	}
}

// patch overwrites bytes of a file.
func patch(t *testing.T, path string, data []byte, off int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	write(t, f, data, off)
}

// shared unpacks a volume of the shared test data.
func shared(name string) func(t *testing.T, path string) {
	return func(t *testing.T, path string) { unpack(t, testenv.Shared(t, "testdata/volumes/"+name+".gz"), path) }
}
