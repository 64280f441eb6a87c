package partition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// The header of a GUID partition table (UEFI Specification, 5.3.2).
const (
	gptSignature   = "EFI PART"
	gptRevision    = 0x00010000
	gptMinHeader   = 92
	gptOffRevision = 8
	gptOffSize     = 12
	gptOffCRC      = 16
	gptOffMyLBA    = 24
	gptOffOther    = 32 // where the other header is
	gptOffFirst    = 40
	gptOffLast     = 48
	gptOffDisk     = 56
	gptOffEntries  = 72
	gptOffCount    = 80
	gptOffEntry    = 84 // size of an entry
	gptOffTableCRC = 88
)

// An entry (UEFI Specification, 5.3.3).
const (
	gptMinEntry  = 128
	gptOffType   = 0
	gptOffID     = 16
	gptOffStart  = 32
	gptOffEnd    = 40
	gptOffAttrs  = 48
	gptOffName   = 56
	gptNameBytes = 72
)

// maxTable bounds the entries of a table in bytes; the usual 128 entries take 16 KiB.
const maxTable = 1 << 20

// errNoGPT means that there is no header at a place.
var errNoGPT = errors.New("no GPT header")

// gpt is one of the two copies of a table.
type gpt struct {
	sector      int64
	my, other   int64 // sectors of the headers
	first, last int64 // sectors that partitions may use
	disk        [16]byte
	entrySize   int64
	entries     []byte
}

// readGPT reads the primary table, or the backup when the primary is damaged. It returns nil when there is neither.
func readGPT(d io.ReaderAt, size int64) (*Table, error) {
	for _, sector := range []int64{512, 4096} {
		g, err := readCopy(d, size, sector, 1)
		if errors.Is(err, errNoGPT) {
			continue
		}
		if damaged(err) {
			return fromBackup(d, size, sector, err)
		}
		if err != nil {
			return nil, err
		}
		t, err := g.table(size)
		if err != nil {
			return nil, err
		}
		if note := g.checkBackup(d, size); note != "" {
			t.Notes = append(t.Notes, note)
		}
		return t, nil
	}
	// The first sectors may have been overwritten.
	for _, sector := range []int64{512, 4096} {
		if t, err := fromBackup(d, size, sector, errNoGPT); !errors.Is(err, errNoGPT) {
			return t, err
		}
	}
	return nil, corrupt("its MBR says that there is a GUID partition table, and there is none: restore it with gdisk")
}

func damaged(err error) bool {
	var r *container.Refused
	return errors.As(err, &r) && r.Kind == container.Corrupt
}

// fromBackup reads the table in the disk's last sectors.
func fromBackup(d io.ReaderAt, size, sector int64, why error) (*Table, error) {
	g, err := readCopy(d, size, sector, size/sector-1)
	if err != nil {
		if errors.Is(err, errNoGPT) || damaged(err) {
			return nil, why
		}
		return nil, err
	}
	t, err := g.table(size)
	if err != nil {
		return nil, err
	}
	t.Notes = append(t.Notes, "the first partition table is damaged, its backup was read")
	return t, nil
}

// checkBackup compares the backup with the primary table, and returns what is wrong with it.
func (g *gpt) checkBackup(d io.ReaderAt, size int64) string {
	if g.other <= g.my || g.other >= size/g.sector {
		return "the backup of the partition table lies beyond the disk's end"
	}
	b, err := readCopy(d, size, g.sector, g.other)
	switch {
	case err != nil:
		return "the backup of the partition table is damaged"
	case b.disk != g.disk || !bytes.Equal(b.entries, g.entries):
		return "the backup of the partition table differs"
	default:
		return ""
	}
}

// readCopy reads the header in a sector, and its entries. It returns errNoGPT when the signature is missing.
func readCopy(d io.ReaderAt, size, sector, at int64) (*gpt, error) {
	if at < 1 || at >= size/sector {
		return nil, errNoGPT
	}
	h := make([]byte, sector)
	if err := readFull(d, h, at*sector); err != nil {
		return nil, err
	}
	if string(h[:len(gptSignature)]) != gptSignature {
		return nil, errNoGPT
	}
	le := binary.LittleEndian
	length := int64(le.Uint32(h[gptOffSize:]))
	if le.Uint32(h[gptOffRevision:])>>16 != gptRevision>>16 || length < gptMinHeader || length > sector {
		return nil, corrupt("its partition table has a header of revision %#x and %d bytes", le.Uint32(h[gptOffRevision:]), length)
	}
	sum := le.Uint32(h[gptOffCRC:])
	le.PutUint32(h[gptOffCRC:], 0)
	if crc32.ChecksumIEEE(h[:length]) != sum {
		return nil, corrupt("the checksum of its partition table's header is wrong")
	}
	g := &gpt{sector: sector, entrySize: int64(le.Uint32(h[gptOffEntry:])), disk: [16]byte(h[gptOffDisk:])}
	var ok [5]bool
	var entries int64
	for i, field := range []struct {
		to  *int64
		off int
	}{{&g.my, gptOffMyLBA}, {&g.other, gptOffOther}, {&g.first, gptOffFirst}, {&g.last, gptOffLast}, {&entries, gptOffEntries}} {
		*field.to, ok[i] = sectorNumber(le.Uint64(h[field.off:]))
	}
	if ok != [5]bool{true, true, true, true, true} || g.my != at {
		return nil, corrupt("its partition table's header is not made for its place")
	}
	return g, g.readEntries(d, size, entries, int64(le.Uint32(h[gptOffCount:])), le.Uint32(h[gptOffTableCRC:]))
}

// sectorNumber returns a sector number that can be multiplied with the size of a sector.
func sectorNumber(v uint64) (int64, bool) {
	if v >= 1<<48 {
		return 0, false
	}
	return int64(v), true
}

func (g *gpt) readEntries(d io.ReaderAt, size, at, count int64, sum uint32) error {
	if g.entrySize < gptMinEntry || g.entrySize > maxTable || g.entrySize&(g.entrySize-1) != 0 || count > maxTable/g.entrySize {
		return corrupt("its partition table has %d entries of %d bytes", count, g.entrySize)
	}
	n := count * g.entrySize
	if at < 1 || at*g.sector > size-n {
		return corrupt("its partition table's entries lie outside the disk")
	}
	g.entries = make([]byte, n)
	if err := readFull(d, g.entries, at*g.sector); err != nil {
		return err
	}
	if crc32.ChecksumIEEE(g.entries) != sum {
		return corrupt("the checksum of its partition table's entries is wrong")
	}
	return nil
}

// table decodes the entries.
func (g *gpt) table(size int64) (*Table, error) {
	t := &Table{Scheme: GPT, Sector: g.sector, ID: guid(g.disk[:])}
	for i := 0; int64(i)*g.entrySize < int64(len(g.entries)); i++ {
		e := g.entries[int64(i)*g.entrySize:]
		if [16]byte(e) == ([16]byte{}) {
			continue
		}
		start, ok := sectorNumber(binary.LittleEndian.Uint64(e[gptOffStart:]))
		end, ok2 := sectorNumber(binary.LittleEndian.Uint64(e[gptOffEnd:]))
		if !ok || !ok2 || end < start || start < g.first || end > g.last {
			return nil, corrupt("partition %d of its partition table goes from sector %d to %d", i+1, start, end)
		}
		id := guid(e[gptOffType : gptOffType+16])
		t.Partitions = append(t.Partitions, Partition{
			Number: i + 1, Off: start * g.sector, Size: (end - start + 1) * g.sector,
			Type: gptTypeOf(id), TypeID: id, ID: guid(e[gptOffID : gptOffID+16]),
			Name:       name(e[gptOffName : gptOffName+gptNameBytes]),
			Attributes: gptAttributes(binary.LittleEndian.Uint64(e[gptOffAttrs:])),
		})
	}
	return t, t.checkRanges(size)
}

// name decodes UTF-16 up to the first zero.
func name(b []byte) string {
	var units []uint16
	for ; len(b) >= 2; b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// guid prints a GUID: the first three fields are little-endian (UEFI Specification, appendix A).
func guid(b []byte) string {
	le := binary.LittleEndian
	return strings.ToUpper(fmt.Sprintf("%08x-%04x-%04x-%x-%x", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:16]))
}

// gptTypeOf names the types of Microsoft's documentation of PARTITION_INFORMATION_GPT; that of Storage Spaces is in its
// header diskguid.h (PARTITION_SPACES_GUID).
func gptTypeOf(id string) Type {
	switch id {
	case "C12A7328-F81F-11D2-BA4B-00A0C93EC93B":
		return EFISystem
	case "E3C9E316-0B5C-4DB8-817D-F92DF00215AE":
		return Reserved
	case "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7":
		return BasicData
	case "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC":
		return Recovery
	case "E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D":
		return StorageSpaces
	case "5808C8AA-7E8F-42E0-85D2-E1E90434CFB3":
		return LDMMetadata
	case "AF9B60A0-1431-4F62-BC68-3311714A69AD":
		return LDMData
	default:
		return Other
	}
}

func gptAttributes(v uint64) Attributes {
	return Attributes{
		Required: v&1 != 0, ReadOnly: v>>60&1 != 0, ShadowCopy: v>>61&1 != 0, Hidden: v>>62&1 != 0, NoDriveLetter: v>>63&1 != 0,
	}
}
