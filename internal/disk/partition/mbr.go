package partition

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The master boot record: four entries of 16 bytes and a signature at the end of sector 0 (UEFI Specification, 5.2.1).
const (
	mbrSize        = 512
	mbrSignature   = 440 // of the disk, 4 bytes
	mbrEntries     = 446
	mbrEntrySize   = 16
	mbrMark        = 510 // 55 aa
	mbrStatus      = 0   // within an entry
	mbrType        = 4
	mbrStart       = 8
	mbrCount       = 12
	mbrActive      = 0x80
	typeProtective = 0xee
)

// maxLogical bounds the chain of logical drives.
const maxLogical = 128

// mbr is a boot sector read as a partition table, which it need not be.
type mbr struct {
	marked  bool // it has 55 aa
	disk    uint32
	volume  bool // it begins as the boot sector of a volume does
	entries [4]mbrEntry
}

type mbrEntry struct {
	status, kind byte
	start, count int64 // in sectors
}

func (e mbrEntry) empty() bool { return e.kind == 0 || e.count == 0 }

// extended reports whether the entry holds a chain of logical drives: with CHS addresses, LBA addresses, or of Linux.
func (e mbrEntry) extended() bool { return e.kind == 0x05 || e.kind == 0x0f || e.kind == 0x85 }

func parseMBR(b []byte) mbr {
	m := mbr{
		marked: b[mbrMark] == 0x55 && b[mbrMark+1] == 0xaa,
		disk:   binary.LittleEndian.Uint32(b[mbrSignature:]),
		volume: beginsVolume(b),
	}
	for i := range m.entries {
		e := b[mbrEntries+i*mbrEntrySize:]
		m.entries[i] = mbrEntry{
			status: e[mbrStatus], kind: e[mbrType],
			start: int64(binary.LittleEndian.Uint32(e[mbrStart:])),
			count: int64(binary.LittleEndian.Uint32(e[mbrCount:])),
		}
	}
	return m
}

// beginsVolume reports whether a sector begins with a jump and the parameters of a volume (bytes per sector, a power of two
// from 256 to 4096), as all volumes of Windows do and boot records of disks do not.
func beginsVolume(b []byte) bool {
	jump := b[0] == 0xeb && b[2] == 0x90 || b[0] == 0xe9
	sector := binary.LittleEndian.Uint16(b[11:])
	return jump && sector >= 256 && sector <= 4096 && sector&(sector-1) == 0
}

// plausible reports whether the sector holds a partition table: each entry is empty or could be one, and one is not empty.
// The boot code of a volume stands at the same place.
func (m mbr) plausible() bool {
	used := 0
	for _, e := range m.entries {
		if e.status&^mbrActive != 0 {
			return false
		}
		if e.empty() {
			continue
		}
		if e.start == 0 {
			return false
		}
		used++
	}
	return m.marked && used > 0 && !m.volume
}

// protective reports whether the table only says that there is a GPT.
func (m mbr) protective() bool {
	if !m.marked {
		return false
	}
	for _, e := range m.entries {
		if e.kind == typeProtective {
			return true
		}
	}
	return false
}

// readMBR reads the logical drives too. All numbers are of sectors of 512 bytes.
func readMBR(d io.ReaderAt, m mbr, size int64) (*Table, error) {
	t := &Table{Scheme: MBR, Sector: mbrSize, ID: fmt.Sprintf("%08x", m.disk)}
	next := 5
	for i, e := range m.entries {
		switch {
		case e.empty():
		case e.extended():
			logical, err := readChain(d, e, size, &next)
			if err != nil {
				return nil, err
			}
			t.Partitions = append(t.Partitions, logical...)
		default:
			t.Partitions = append(t.Partitions, e.partition(i+1, 0))
		}
	}
	return t, t.checkRanges(size)
}

func (e mbrEntry) partition(number int, base int64) Partition {
	return Partition{
		Number: number, Off: (base + e.start) * mbrSize, Size: e.count * mbrSize,
		Type: mbrTypeOf(e.kind), TypeID: fmt.Sprintf("%02x", e.kind),
		Attributes: Attributes{Active: e.status == mbrActive},
	}
}

// readChain reads the logical drives of an extended partition. Each has a boot record of its own: the first entry is the
// drive, relative to that record; the second the next record, relative to the extended partition.
func readChain(d io.ReaderAt, extended mbrEntry, size int64, next *int) ([]Partition, error) {
	var out []Partition
	seen := map[int64]bool{}
	for at := int64(0); !seen[at]; {
		if len(seen) == maxLogical {
			return nil, corrupt("its partition table has more than %d logical drives", maxLogical)
		}
		seen[at] = true
		sector := extended.start + at
		if (sector+1)*mbrSize > size {
			return nil, truncated(size, (extended.start+extended.count)*mbrSize)
		}
		b := make([]byte, mbrSize)
		if err := readFull(d, b, sector*mbrSize); err != nil {
			return nil, err
		}
		record := parseMBR(b)
		if !record.marked {
			return nil, corrupt("the record of logical drive %d, in sector %d, has no signature", *next, sector)
		}
		if drive := record.entries[0]; !drive.empty() {
			if at+drive.start+drive.count > extended.count {
				return nil, corrupt("logical drive %d ends beyond the extended partition", *next)
			}
			out = append(out, drive.partition(*next, sector))
			*next++
		}
		link := record.entries[1]
		if link.empty() || !link.extended() {
			return out, nil
		}
		if link.start == 0 || link.start >= extended.count {
			return nil, corrupt("the chain of logical drives leaves the extended partition")
		}
		at = link.start
	}
	return nil, corrupt("the chain of logical drives comes back to itself")
}

// mbrTypeOf names the types of "Partition types" in Microsoft's documentation of PARTITION_INFORMATION_MBR.
func mbrTypeOf(kind byte) Type {
	switch kind {
	case 0x01, 0x04, 0x06, 0x07, 0x0b, 0x0c, 0x0e: // FAT12, FAT16, NTFS or exFAT, FAT32
		return BasicData
	case 0x27:
		return Recovery
	case 0x42:
		return LDMData
	case 0xef:
		return EFISystem
	case 0xe7:
		return StorageSpaces
	default:
		return Other
	}
}
