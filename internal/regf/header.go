package regf

import (
	"encoding/binary"
	"fmt"
)

var le = binary.LittleEndian

// header is the first sector of a base block, of a primary file or of a log (docs/internals/regf.md §1.1).
type header [sectorSize]byte

func (h *header) u32(off int) uint32       { return le.Uint32(h[off:]) }
func (h *header) setU32(off int, v uint32) { le.PutUint32(h[off:], v) }
func (h *header) primarySeq() uint32       { return h.u32(basePrimarySeq) }
func (h *header) secondarySeq() uint32     { return h.u32(baseSecondarySeq) }
func (h *header) dataSize() uint32         { return h.u32(baseDataSize) }

// checksum is the XOR of the first 127 dwords, with two values replaced.
func (h *header) checksum() uint32 {
	var sum uint32
	for i := 0; i < baseChecksum; i += 4 {
		sum ^= h.u32(i)
	}
	switch sum {
	case 0:
		return 1
	case 0xFFFFFFFF:
		return 0xFFFFFFFE
	}
	return sum
}

func (h *header) checksumOK() bool { return h.checksum() == h.u32(baseChecksum) }

// sealed returns a copy with the given type and sequence numbers and a fresh checksum.
func (h *header) sealed(fileType, seq1, seq2, size uint32) header {
	c := *h
	c.setU32(baseType, fileType)
	c.setU32(basePrimarySeq, seq1)
	c.setU32(baseSecondarySeq, seq2)
	c.setU32(baseDataSize, size)
	c.setU32(baseChecksum, c.checksum())
	return c
}

func (h *header) signatureOK() bool { return string(h[:4]) == "regf" }

// checkIdentity verifies the fields that no recovery changes: signature, version, kind, format, cluster.
func (h *header) checkIdentity() error {
	switch {
	case !h.signatureOK():
		return fmt.Errorf("%w: the signature regf is missing", ErrNotHive)
	case h.u32(baseMajor) != 1 || h.u32(baseMinor) < 3 || h.u32(baseMinor) > 6:
		return fmt.Errorf("%w: version %d.%d", ErrNotHive, h.u32(baseMajor), h.u32(baseMinor))
	case h.u32(baseType) != typePrimary:
		return fmt.Errorf("%w: file type %d, a log instead of a hive", ErrNotHive, h.u32(baseType))
	case h.u32(baseFormat) != 1 || h.u32(baseCluster) != 1:
		return fmt.Errorf("%w: format %d, cluster %d", ErrNotHive, h.u32(baseFormat), h.u32(baseCluster))
	}
	return nil
}
