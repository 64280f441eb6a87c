package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// signature is how a kind of file is recognised.
type signature struct {
	off    int64
	magic  string
	format container.Format // "" for what is refused
	refuse *container.Refused
}

func notDisk(detail string) *container.Refused {
	return &container.Refused{Kind: container.NotDisk, Detail: detail}
}

func cannotUse(detail string) *container.Refused {
	return &container.Refused{Kind: container.Unsupported, Detail: detail}
}

const (
	wimWayOut = "which is applied to many machines: apply it first (dism /Apply-Image, wimapply) and stage into the result, " +
		"or mount it (dism /Mount-Image, wimmountrw) and give windows_path"
	unpack = "unpack it first"
)

// signatures lists the formats that are read and those that are refused by name. Sources: qcow2.txt and qed_spec.txt of
// qemu; [MS-VHDX] 2.2.1; Microsoft, "Virtual Hard Disk Image Format Specification"; VMware, "Virtual Disk Format 5.0";
// Microsoft, "Windows Imaging File Format"; ECMA-119; and the magic file of file(1) for archives.
func signatures() []signature {
	return []signature{
		{magic: "QFI\xfb", format: container.QCOW2},
		{magic: "vhdxfile", format: container.VHDX},
		{magic: "conectix", format: container.VHD},
		{magic: "KDMV", format: container.VMDK},
		{magic: "COWD", format: container.VMDK},
		{magic: "# Disk DescriptorFile", format: container.VMDK},
		{magic: "\xbe\xba\xfe\xca\x00\x00\x00\x00", refuse: cannotUse(
			"a seSparse VMDK of ESXi: clone it with vmkfstools -i, or qemu-img convert -O qcow2")},
		{magic: "MSWIM\x00\x00\x00", refuse: notDisk("it is a WIM archive, " + wimWayOut)},
		{off: 0x40, magic: "\x7f\x10\xda\xbe", refuse: cannotUse("a VDI image: convert it with qemu-img convert -O qcow2")},
		{magic: "LUKS\xba\xbe", refuse: &container.Refused{Kind: container.Encrypted, Detail: "with LUKS: open it with cryptsetup"}},
		{magic: "QED\x00", refuse: cannotUse("a QED image: convert it with qemu-img convert -O qcow2")},
		{magic: "WithoutFreeSpace", refuse: cannotUse("a Parallels image: convert it with qemu-img convert -O qcow2")},
		{magic: "WithouFreSpacExt", refuse: cannotUse("a Parallels image: convert it with qemu-img convert -O qcow2")},
		{magic: "EVF\x09\x0d\x0a\xff\x00", refuse: cannotUse("an EWF (EnCase) image: convert it with ewfexport")},
		{magic: "\x1f\x8b\x08", refuse: notDisk("it is packed with gzip: " + unpack)},
		{magic: "\xfd7zXZ\x00", refuse: notDisk("it is packed with xz: " + unpack)},
		{magic: "\x28\xb5\x2f\xfd", refuse: notDisk("it is packed with zstd: " + unpack)},
		{magic: "PK\x03\x04", refuse: notDisk("it is a ZIP archive: " + unpack)},
		{magic: "7z\xbc\xaf\x27\x1c", refuse: notDisk("it is a 7z archive: " + unpack)},
		{off: 257, magic: "ustar", refuse: notDisk("it is a tar archive (an OVA is one): " + unpack)},
		{off: 0x8001, magic: "CD001", refuse: notDisk("it is an ISO image: give the disk that was installed from it")},
	}
}

// Probe recognises the format of an image file of the given size by its content; the name does not count. What nothing is
// known of is [container.Raw]. It returns a *[container.Refused] for formats that are never read, with the way out.
func Probe(f io.ReaderAt, size int64) (container.Format, error) {
	for _, s := range signatures() {
		found, err := has(f, s.off, s.magic)
		if err != nil {
			return "", err
		}
		if !found {
			continue
		}
		if s.refuse != nil {
			return "", refine(f, s.refuse)
		}
		if s.format == container.VMDK {
			return s.format, probeVMDK(f)
		}
		return s.format, nil
	}
	return probeFooter(f, size)
}

func has(f io.ReaderAt, off int64, magic string) (bool, error) {
	b := make([]byte, len(magic))
	n, err := f.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return n == len(b) && string(b) == magic, nil
}

// refine calls a WIM archive with solid resources an ESD, which is what its users know it as.
func refine(f io.ReaderAt, r *container.Refused) error {
	const wimVersion, solid = 12, 0xe00
	var b [4]byte
	wim, err := has(f, 0, "MSWIM\x00\x00\x00")
	if err != nil || !wim {
		return r
	}
	if n, _ := f.ReadAt(b[:], wimVersion); n == len(b) && binary.LittleEndian.Uint32(b[:]) == solid {
		return notDisk("it is an ESD archive, " + wimWayOut)
	}
	return r
}

// probeFooter finds a fixed VHD, which has its mark only in the last sector; those of old Virtual PCs have one byte less. A
// file that is shorter than the disk in the footer begins elsewhere, and has the footer only because it was cut out of
// the end of one: then it is read from its beginning, as any raw disk.
func probeFooter(f io.ReaderAt, size int64) (container.Format, error) {
	for _, length := range []int64{512, 511} {
		if size < 2*length {
			continue
		}
		found, err := has(f, size-length, "conectix")
		if err != nil {
			return "", err
		}
		if !found {
			continue
		}
		const currentSize = 48 // Virtual Hard Disk Image Format Specification, "Hard Disk Footer Format"
		var b [8]byte
		if _, err := f.ReadAt(b[:], size-length+currentSize); err != nil {
			return "", err
		}
		if binary.BigEndian.Uint64(b[:]) <= uint64(size-length) {
			return container.VHD, nil
		}
	}
	return container.Raw, nil
}

// probeVMDK refuses streams, whose grains cannot be overwritten: the flag of compressed grains in a sparse header (VMware,
// "Virtual Disk Format 5.0", "Hosted Sparse Extents"), or the word in the descriptor.
func probeVMDK(f io.ReaderAt) error {
	const flagsOff, descriptorOff, compressedGrains = 8, 28, 1 << 16
	b := make([]byte, 4<<10)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	b = b[:n]
	sparse := bytes.HasPrefix(b, []byte("KDMV")) && len(b) >= descriptorOff+8
	if sparse && binary.LittleEndian.Uint64(b[descriptorOff:]) == 1 && len(b) > 512 && !bytes.Contains(b[512:], []byte("createType")) {
		return &container.Refused{Kind: container.Corrupt, Detail: "the descriptor inside it says nothing"}
	}
	if sparse && binary.LittleEndian.Uint32(b[flagsOff:])&compressedGrains != 0 ||
		bytes.Contains(b, []byte(`createType="streamOptimized"`)) {
		return &container.Refused{
			Kind: container.StreamOptimized, Detail: "convert it with qemu-img convert -O qcow2 (or VBoxManage clonemedium)",
		}
	}
	return nil
}
