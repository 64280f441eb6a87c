package vmdk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Beginnings of files.
const (
	Magic       = "KDMV"             // a hosted sparse extent, "Hosted Sparse Extent Header"
	MagicCOWD   = "COWD"             // an ESX server sparse extent
	magicSE     = "\xbe\xba\xfe\xca" // a space efficient sparse extent; from qemu's block/vmdk.c, VMware has not published it
	MagicText   = "# Disk Descriptor"
	headBytes   = 512
	sparseFlags = 8
	sparseSize  = 12 // capacity in sectors
	sparseGrain = 20 // sectors in a grain
	sparseDesc  = 28 // first sector of the descriptor inside
	sparseDescN = 36
	sparseTable = 44 // entries of a grain table
	sparseDir   = 56 // first sector of the grain directory
	sparseCheck = 73 // four bytes that a transfer as text would change
	sparsePack  = 77 // 1: grains are compressed

	flagPacked = 1 << 16
	dirAtEnd   = -1 // the directory is named by a footer: stream optimized
)

// classifySparse returns why a file that is no descriptor is refused.
func classifySparse(f io.ReaderAt, head []byte, size int64) error {
	switch magic := string(head[:min(4, len(head))]); {
	case magic == magicSE:
		return unsupported("it is a space efficient sparse VMDK: %s", convert)
	case magic == MagicCOWD:
		return sparse("an ESX server sparse extent")
	case magic != Magic:
		return corrupt("it does not begin as a VMDK")
	case len(head) < headBytes:
		return corrupt("it has %d bytes", size)
	}
	le := binary.LittleEndian
	packed := le.Uint32(head[sparseFlags:])&flagPacked != 0 || le.Uint16(head[sparsePack:]) != 0
	if err := checkSparse(head, size, packed); err != nil {
		return err
	}
	at, n := int64(le.Uint64(head[sparseDesc:])), int64(le.Uint64(head[sparseDescN:]))
	if at == 0 {
		return oneExtent()
	}
	if at < 0 || at > size/sectorSize || n <= 0 || n > descriptorMost/sectorSize {
		return corrupt("its descriptor has %d sectors at sector %d", n, at)
	}
	text := make([]byte, min(n*sectorSize, size-at*sectorSize))
	if err := read(f, text, at*sectorSize); err != nil {
		return err
	}
	if !packed && len(bytes.Trim(text, "\x00")) == 0 { // as qemu-img makes them
		return oneExtent()
	}
	d, err := parseDescriptor(text)
	if err != nil {
		return err
	}
	if d.parent {
		return differencing()
	}
	if packed || strings.EqualFold(d.createType, "streamOptimized") {
		return streamOptimized()
	}
	return sparse(d.createType)
}

// checkSparse looks at the numbers in the header of a sparse extent, so that what is damaged is not called sparse.
func checkSparse(head []byte, size int64, packed bool) error {
	le := binary.LittleEndian
	capacity, grain := int64(le.Uint64(head[sparseSize:])), int64(le.Uint64(head[sparseGrain:]))
	perTable, dir := int64(le.Uint32(head[sparseTable:])), int64(le.Uint64(head[sparseDir:]))
	switch v := le.Uint32(head[4:]); {
	case v < 1 || v > 3:
		return unsupported("version %d of sparse VMDK", v)
	case string(head[sparseCheck:sparseCheck+4]) != "\n \r\n":
		return corrupt("it was changed by a transfer as text: copy it again")
	case grain < 1 || grain > 1<<20 || grain&(grain-1) != 0 || perTable < 1 || perTable > 512:
		return corrupt("grains of %d sectors, %d in a table", grain, perTable)
	case capacity < 0:
		return corrupt("a virtual disk of %d sectors", capacity)
	case packed && dir == dirAtEnd:
		return nil
	}
	tables := capacity/(grain*perTable) + 1
	if dir < 1 || dir > size/sectorSize || 4*tables > size-dir*sectorSize+4 {
		return corrupt("a grain directory of %d entries at sector %d in a file of %d bytes", tables, dir, size)
	}
	return nil
}

const convert = "convert it with qemu-img convert -O qcow2"

func sparse(detail string) error {
	return &container.Refused{Kind: container.Sparse, Detail: detail}
}

// oneExtent is the refusal of a file that is part of a disk whose descriptor is another file.
func oneExtent() error {
	return sparse("this is one extent of it: give the descriptor, the small file that names all of them")
}

func streamOptimized() error {
	return &container.Refused{Kind: container.StreamOptimized, Detail: convert}
}

func differencing() error {
	return &container.Refused{
		Kind:   container.Differencing,
		Detail: "it holds only the differences to another VMDK (a snapshot or linked clone): consolidate it in VMware",
	}
}

// read fills b, or returns a *container.Refused when the file is too short.
func read(f io.ReaderAt, b []byte, off int64) error {
	n, err := f.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || err == io.EOF:
		return &container.Refused{
			Kind: container.Truncated, Detail: fmt.Sprintf("it ends at offset %d: copy it again", off+int64(n)),
		}
	default:
		return err
	}
}
