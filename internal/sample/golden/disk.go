package golden

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// The layout of the disk, in sectors: a GPT, three partitions, 1 MiB that nobody uses, and the second GPT.
const (
	sectorSize    = 512
	mebibyte      = 1 << 20 / sectorSize
	efiFirst      = 1 * mebibyte
	reservedFirst = efiFirst + 100*mebibyte
	windowsFirst  = reservedFirst + 16*mebibyte
	windowsEnd    = windowsFirst + VolumeSize/sectorSize
	diskSectors   = windowsEnd + 1*mebibyte
)

// DiskSize is the size in bytes of the virtual disk.
const DiskSize = diskSectors * sectorSize

// WriteDisk makes a qcow2 image at path of a disk with the sample Windows: partition 1 is an EFI system partition, 2 is
// Microsoft's reserved one, 3 has the Windows. It returns an error that matches fs.ErrExist when there is something at path
// already.
func WriteDisk(path string, im sample.Image) error {
	files, err := sample.Files(im)
	if err != nil {
		return err
	}
	volume, err := filled(sample.Folders(), files)
	if err != nil {
		return err
	}
	hide(volume, windowsFirst)

	table := partitions()
	second := int64(diskSectors - 1 - entriesSectors)
	return writeQcow2(path, DiskSize, []extent{
		{0, protectiveMBR()},
		{1 * sectorSize, header(1, diskSectors-1, 2, table)},
		{2 * sectorSize, table},
		{windowsFirst * sectorSize, volume},
		{second * sectorSize, table},
		{(diskSectors - 1) * sectorSize, header(diskSectors-1, 1, second, table)},
	})
}

// A GUID partition table (UEFI specification 2.10, section 5.3).
const (
	entrySize      = 128
	entries        = 128
	entriesSectors = entries * entrySize / sectorSize
)

// GUIDs as they are on disk: the first three parts are little-endian.
const (
	efiSystem = "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b" // C12A7328-F81F-11D2-BA4B-00A0C93EC93B
	reserved  = "\x16\xe3\xc9\xe3\x5c\x0b\xb8\x4d\x81\x7d\xf9\x2d\xf0\x02\x15\xae" // E3C9E316-0B5C-4DB8-817D-F92DF00215AE
	basicData = "\xa2\xa0\xd0\xeb\xe5\xb9\x33\x44\x87\xc0\x68\xb6\xb7\x26\x99\xc7" // EBD0A0A2-B9E5-4433-87C0-68B6B72699C7
	ourDisk   = "offlinejoin demo"                                                 // any 16 bytes
)

// partitions returns the table's entries.
func partitions() []byte {
	table := make([]byte, entries*entrySize)
	for i, p := range []struct {
		kind        string
		first, next uint64 // sectors
		name        string
	}{
		{efiSystem, efiFirst, reservedFirst, "EFI system partition"},
		{reserved, reservedFirst, windowsFirst, "Microsoft reserved partition"},
		{basicData, windowsFirst, windowsEnd, "Basic data partition"},
	} {
		e := table[i*entrySize:]
		copy(e, p.kind)
		copy(e[16:], ourDisk)
		e[16] = byte(i + 1) // its own GUID
		binary.LittleEndian.PutUint64(e[32:], p.first)
		binary.LittleEndian.PutUint64(e[40:], p.next-1)
		for j, unit := range utf16.Encode([]rune(p.name)) {
			binary.LittleEndian.PutUint16(e[56+2*j:], unit)
		}
	}
	return table
}

// header returns the header at sector my, whose twin is at other and whose entries begin at sector first.
func header(my, other, first int64, table []byte) []byte {
	const size = 92
	h := make([]byte, size)
	le := binary.LittleEndian
	copy(h, "EFI PART")
	le.PutUint32(h[8:], 0x10000) // revision 1.0
	le.PutUint32(h[12:], size)
	le.PutUint64(h[24:], uint64(my))
	le.PutUint64(h[32:], uint64(other))
	le.PutUint64(h[40:], 2+entriesSectors) // the first and the last sector for partitions
	le.PutUint64(h[48:], diskSectors-2-entriesSectors)
	copy(h[56:], ourDisk)
	le.PutUint64(h[72:], uint64(first))
	le.PutUint32(h[80:], entries)
	le.PutUint32(h[84:], entrySize)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(table))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h)) // with zeros where it goes
	return h
}

// protectiveMBR returns a master boot record that shows the whole disk as in use to what knows no GPT.
func protectiveMBR() []byte {
	mbr := make([]byte, sectorSize)
	const entry, signature = 446, 510
	mbr[entry+4] = 0xee
	binary.LittleEndian.PutUint32(mbr[entry+8:], 1)
	binary.LittleEndian.PutUint32(mbr[entry+12:], diskSectors-1)
	mbr[signature], mbr[signature+1] = 0x55, 0xaa
	return mbr
}
