package disk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
)

// placed returns 64 KiB of zeros with s at off; a negative off counts from the end.
func placed(off int, s string) []byte {
	b := make([]byte, 64<<10)
	if off < 0 {
		off += len(b)
	}
	copy(b[off:], s)
	return b
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content []byte
		want    container.Format
		refused container.Kind
		words   string
	}{
		"nothing":     {content: nil, want: container.Raw},
		"zeros":       {content: placed(0, ""), want: container.Raw},
		"qcow2":       {content: placed(0, "QFI\xfb\x00\x00\x00\x03"), want: container.QCOW2},
		"vhdx":        {content: placed(0, "vhdxfile"), want: container.VHDX},
		"dynamic vhd": {content: placed(0, "conectix"), want: container.VHD},
		"fixed vhd":   {content: placed(-512, "conectix"), want: container.VHD},
		"end of a fixed vhd": {
			content: placed(-512, "conectix"+strings.Repeat("\x00", 45)+"\x01\x00\x00"), want: container.Raw, // of 64 KiB, whole
		},
		"old fixed vhd":   {content: placed(-511, "conectix"), want: container.VHD},
		"sparse vmdk":     {content: placed(0, "KDMV\x01\x00\x00\x00\x03\x00\x00\x00"), want: container.VMDK},
		"ESX vmdk":        {content: placed(0, "COWD"), want: container.VMDK},
		"vmdk descriptor": {content: placed(0, "# Disk DescriptorFile\nversion=1\n"), want: container.VMDK},
		"stream without a descriptor": {
			content: placed(0, "KDMV\x03\x00\x00\x00\x03\x00\x03\x00"+strings.Repeat("\x00", 16)+"\x01"), refused: container.Corrupt,
			words: "says nothing",
		},
		"stream by flag": {content: placed(0, "KDMV\x03\x00\x00\x00\x01\x00\x03\x00"), refused: container.StreamOptimized, words: "qemu-img convert"},
		"stream by word": {
			content: placed(0, "# Disk DescriptorFile\ncreateType=\"streamOptimized\"\n"), refused: container.StreamOptimized,
		},
		"seSparse":   {content: placed(0, "\xbe\xba\xfe\xca\x00\x00\x00\x00"), refused: container.Unsupported, words: "vmkfstools"},
		"wim":        {content: placed(0, "MSWIM\x00\x00\x00\xd0\x00\x00\x00\x00\x0d\x01\x00"), refused: container.NotDisk, words: "WIM archive, which is applied to many machines: apply it first"},
		"esd":        {content: placed(0, "MSWIM\x00\x00\x00\xd0\x00\x00\x00\x00\x0e\x00\x00"), refused: container.NotDisk, words: "ESD archive"},
		"iso":        {content: placed(0x8001, "CD001"), refused: container.NotDisk, words: "ISO image"},
		"vdi":        {content: placed(0x40, "\x7f\x10\xda\xbe"), refused: container.Unsupported, words: "VDI image: convert it with qemu-img convert"},
		"luks":       {content: placed(0, "LUKS\xba\xbe"), refused: container.Encrypted},
		"gzip":       {content: placed(0, "\x1f\x8b\x08"), refused: container.NotDisk, words: "unpack it first"},
		"tar or ova": {content: placed(257, "ustar"), refused: container.NotDisk, words: "OVA"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := disk.Probe(bytes.NewReader(c.content), int64(len(c.content)))
			if c.refused != "" {
				wantRefused(t, err, c.refused, c.words)
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// Each volume of the shared test data is opened or refused as its manifest expects, in the same words each time.
func TestOpenSharedVolumes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		format  container.Format
		refused container.Kind
	}{
		"win-index.raw":          {format: container.Raw},
		"bde-vista.raw":          {format: container.Raw},
		"v2-compressed.qcow2":    {format: container.QCOW2},
		"v3-ext2.qcow2":          {format: container.QCOW2},
		"v3-empty.qcow2":         {format: container.QCOW2},
		"v3-backing-chain.qcow2": {refused: container.BackingMissing},
		"qcow1.qcow":             {refused: container.Unsupported},
		"streamoptimized.vmdk":   {refused: container.StreamOptimized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := gunzip(t, name)
			for _, m := range []lock.Mode{lock.Read, lock.Change} {
				i, err := open(path, m)
				if want.refused != "" {
					wantRefused(t, err, want.refused, path+" ")
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if i.Format() != want.format || i.Chain()[0].Format != want.format || i.Path() != path {
					t.Errorf("%q", i.Format())
				}
				if err := i.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestOpenWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := open(dir, lock.Read)
	wantRefused(t, err, container.NotFile)
	_, err = open(filepath.Join(dir, "none"), lock.Read)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that there is none", err)
	}
	_, err = open(os.DevNull, lock.Read)
	wantRefused(t, err, container.NotFile)
	_, err = open(write(t, filepath.Join(dir, "x.wim"), placed(0, "MSWIM\x00\x00\x00")), lock.Read)
	wantRefused(t, err, container.NotDisk)
	if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, "x.wim")+" holds no disk: it is a WIM archive") {
		t.Errorf("%v", err)
	}
}
