package vhd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Magic begins the footer, and a dynamic disk, whose first 512 bytes are a copy of it.
const Magic = "conectix"

// The footer, "Hard Disk Footer Format" in the specification.
const (
	footerSize     = 512
	footerVersion  = 12
	footerHeader   = 16 // offset of the dynamic disk header
	footerSizeNow  = 48 // current size
	footerType     = 60
	footerChecksum = 64
	footerSaved    = 84

	typeFixed        = 2
	typeDynamic      = 3
	typeDifferencing = 4

	versionMajor = 1 // in the upper 16 bits
)

// The dynamic disk header.
const (
	headerMagic    = "cxsparse"
	headerSize     = 1024
	headerTable    = 16 // offset of the block table
	headerVersion  = 24
	headerEntries  = 28
	headerBlock    = 32 // bytes in a block, without the bitmap
	headerChecksum = 36

	sectorSize = 512
	unused     = 0xFFFFFFFF // a block that is absent

	diskMax   = 2040 << 30 // the largest disk that Microsoft's programs make
	blockMin  = 4 << 10
	blockMax  = 256 << 20
	blocksMax = 4 << 20 // entries of the table that are read: 16 MiB
)

// footer is what counts of a footer.
type footer struct {
	header int64 // offset of the dynamic disk header
	size   int64 // of the virtual disk
	kind   uint32
}

// readFooter reads the footer at the end of the file. It returns a *container.Refused for one that is missing or damaged,
// for a differencing disk and for a disk in a saved state.
func readFooter(f io.ReaderAt, fileSize int64) (*footer, error) {
	b := make([]byte, footerSize)
	if fileSize < footerSize {
		return nil, cutOff("it is shorter than a footer")
	}
	if err := read(f, b, fileSize-footerSize); err != nil {
		return nil, err
	}
	be := binary.BigEndian
	if string(b[:len(Magic)]) != Magic {
		return nil, cutOff("the footer is not at its end")
	}
	if checksum(b, footerChecksum) != be.Uint32(b[footerChecksum:]) {
		return nil, corrupt("the footer's checksum is wrong")
	}
	if v := be.Uint32(b[footerVersion:]); v>>16 != versionMajor {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("VHD version %d.%d", v>>16, v&0xFFFF)}
	}
	if b[footerSaved] != 0 {
		return nil, &container.Refused{
			Kind: container.Unsupported, Detail: "its machine was put into a saved state: start it and shut it down",
		}
	}
	h := &footer{
		header: int64(be.Uint64(b[footerHeader:])),
		size:   int64(be.Uint64(b[footerSizeNow:])),
		kind:   be.Uint32(b[footerType:]),
	}
	switch {
	case h.kind == typeDifferencing:
		return nil, &container.Refused{
			Kind: container.Differencing, Detail: "it holds only the differences to another VHD: merge it in Windows (Merge-VHD)",
		}
	case h.kind != typeFixed && h.kind != typeDynamic:
		return nil, corrupt("it is of type %d", h.kind)
	case h.size <= 0 || h.size > diskMax || h.size%sectorSize != 0:
		return nil, corrupt("a virtual disk of %d bytes", h.size)
	case h.kind == typeFixed && h.size > fileSize-footerSize:
		return nil, cutOff(fmt.Sprintf("the disk has %d bytes, and the file %d", h.size, fileSize))
	}
	return h, nil
}

// checksum returns the complement of the sum of all bytes but those of the checksum itself.
func checksum(b []byte, at int) uint32 {
	var sum uint32
	for i, c := range b {
		if i < at || i >= at+4 {
			sum += uint32(c)
		}
	}
	return ^sum
}

// read fills b, or returns a *container.Refused when the file is too short.
func read(f io.ReaderAt, b []byte, off int64) error {
	n, err := f.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return cutOff(fmt.Sprintf("it ends at offset %d, in the middle of its tables", off+int64(n)))
	default:
		return err
	}
}

func corrupt(format string, args ...any) error {
	return &container.Refused{Kind: container.Corrupt, Detail: fmt.Sprintf(format, args...)}
}

func cutOff(why string) error {
	return &container.Refused{Kind: container.Truncated, Detail: why + ": copy it again"}
}
