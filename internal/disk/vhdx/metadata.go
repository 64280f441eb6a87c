package vhdx

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// The metadata region, [MS-VHDX] 2.6.
const (
	metadataTableSize = 64 << 10
	metadataHeader    = 32
	metadataEntry     = 32
	metadataMost      = 2047
	metadataRequired  = 1 << 2
	metadataUser      = 1 << 0

	hasParent  = 1 << 1 // of the file parameters
	fixedBlock = 1 << 0

	blockMin = 1 << 20
	blockMax = 256 << 20
	diskMax  = 64 << 40
)

// The metadata items that are known, [MS-VHDX] 2.6.2.
func itemFileParameters() guid {
	return guid{0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b}
}

func itemDiskSize() guid {
	return guid{0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8}
}

func itemDiskID() guid {
	return guid{0xab, 0x12, 0xca, 0xbe, 0xe6, 0xb2, 0x23, 0x45, 0x93, 0xef, 0xc3, 0x09, 0xe0, 0x00, 0xc7, 0x46}
}

func itemLogicalSector() guid {
	return guid{0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47, 0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f}
}

func itemPhysicalSector() guid {
	return guid{0xc7, 0x48, 0xa3, 0xcd, 0x5d, 0x44, 0x71, 0x44, 0x9c, 0xc9, 0xe9, 0x88, 0x52, 0x51, 0xc5, 0x56}
}

func itemParentLocator() guid {
	return guid{0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45, 0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c}
}

// metadata is what the metadata region holds about the disk.
type metadata struct {
	block  int64 // size of a block in bytes
	fixed  bool  // blocks are not to be given back
	size   int64 // of the virtual disk in bytes
	sector int64 // logical sector size
}

// readMetadata reads the metadata region. It returns a *container.Refused for a differencing disk, for an unknown item that
// is required, and for values that the specification does not allow.
func readMetadata(f io.ReaderAt, place span) (*metadata, error) {
	items, err := readItems(f, place)
	if err != nil {
		return nil, err
	}
	value := func(item guid, n int) ([]byte, error) {
		at, ok := items[item]
		if !ok || at.n != int64(n) {
			return nil, corrupt("the metadata item %x has %d bytes, not %d", item, at.n, n)
		}
		b := make([]byte, n)
		return b, read(f, b, at.off)
	}
	parameters, err := value(itemFileParameters(), 8)
	if err != nil {
		return nil, err
	}
	if flags := binary.LittleEndian.Uint32(parameters[4:]); flags&hasParent != 0 {
		return nil, &container.Refused{
			Kind: container.Differencing, Detail: "it holds only the differences to another VHDX: merge it in Windows (Merge-VHD)",
		}
	}
	size, err := value(itemDiskSize(), 8)
	if err != nil {
		return nil, err
	}
	sector, err := value(itemLogicalSector(), 4)
	if err != nil {
		return nil, err
	}
	m := &metadata{
		block:  int64(binary.LittleEndian.Uint32(parameters)),
		fixed:  binary.LittleEndian.Uint32(parameters[4:])&fixedBlock != 0,
		size:   int64(binary.LittleEndian.Uint64(size)),
		sector: int64(binary.LittleEndian.Uint32(sector)),
	}
	return m, m.valid()
}

func (m *metadata) valid() error {
	switch {
	case m.block < blockMin || m.block > blockMax || m.block&(m.block-1) != 0:
		return corrupt("blocks of %d bytes", m.block)
	case m.sector != 512 && m.sector != 4096:
		return corrupt("sectors of %d bytes", m.sector)
	case m.size <= 0 || m.size > diskMax || m.size%m.sector != 0:
		return corrupt("a virtual disk of %d bytes", m.size)
	}
	return nil
}

// readItems returns where the known metadata items are in the file.
func readItems(f io.ReaderAt, place span) (map[guid]span, error) {
	table := make([]byte, metadataTableSize)
	if err := read(f, table, place.off); err != nil {
		return nil, err
	}
	count := binary.LittleEndian.Uint16(table[10:])
	if string(table[:8]) != "metadata" || count > metadataMost {
		return nil, corrupt("the metadata table is damaged")
	}
	known := []guid{
		itemFileParameters(), itemDiskSize(), itemDiskID(), itemLogicalSector(), itemPhysicalSector(), itemParentLocator(),
	}
	items := map[guid]span{}
	for e := range slices.Chunk(table[metadataHeader:metadataHeader+int(count)*metadataEntry], metadataEntry) {
		item, flags := guid(e), binary.LittleEndian.Uint32(e[24:])
		if flags&metadataUser != 0 || !slices.Contains(known, item) {
			if flags&metadataRequired != 0 {
				return nil, &container.Refused{
					Kind: container.Unsupported, Detail: fmt.Sprintf("the metadata item %x is required and not known", item),
				}
			}
			continue
		}
		at := span{int64(binary.LittleEndian.Uint32(e[16:])), int64(binary.LittleEndian.Uint32(e[20:]))}
		if at.off < metadataTableSize || at.end() > place.n {
			return nil, corrupt("a metadata item at %d lies outside its region", at.off)
		}
		if _, twice := items[item]; twice {
			return nil, corrupt("a metadata item is there twice")
		}
		items[item] = span{place.off + at.off, at.n}
	}
	return items, nil
}
