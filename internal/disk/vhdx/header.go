package vhdx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// The header section, [MS-VHDX] 2.2.
const (
	Magic = "vhdxfile" // the file begins with it, 2.2.1

	headerSize    = 4 << 10 // 2.2.2
	headerAlign   = 64 << 10
	sectionSize   = 1 << 20 // of the header section
	megabyte      = 1 << 20
	formatVersion = 1
)

// Fields of a header, [MS-VHDX] 2.2.2.
const (
	headerChecksum  = 4
	headerSequence  = 8
	headerFileWrite = 16
	headerDataWrite = 32
	headerLogGUID   = 48
	headerLogVer    = 64
	headerVersion   = 66
	headerLogLength = 68
	headerLogOffset = 72
	guidSize        = 16
)

// headerOffsets returns where the two headers stand.
func headerOffsets() [2]int64 { return [2]int64{headerAlign, 2 * headerAlign} }

// header is one of the two headers.
type header [headerSize]byte

func (h *header) sequence() uint64 { return binary.LittleEndian.Uint64(h[headerSequence:]) }

// valid reports whether signature and checksum are right.
func (h *header) valid() bool {
	return string(h[:4]) == "head" && checksum(h[:]) == binary.LittleEndian.Uint32(h[headerChecksum:])
}

// seal computes the checksum.
func (h *header) seal() {
	binary.LittleEndian.PutUint32(h[headerChecksum:], checksum(h[:]))
}

// log returns where the log is.
func (h *header) log() span {
	return span{
		int64(binary.LittleEndian.Uint64(h[headerLogOffset:])),
		int64(binary.LittleEndian.Uint32(h[headerLogLength:])),
	}
}

// checksum returns the CRC-32C of a structure whose own checksum, at byte 4, counts as zero.
func checksum(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, b[:4])
	sum = crc32.Update(sum, table, make([]byte, 4))
	return crc32.Update(sum, table, b[8:])
}

// current is the header that counts.
type current struct {
	header
	at int // which of the two
}

// readHeader returns the current header: the valid one with the higher sequence number. It returns a *container.Refused
// when there is none, when the format's version is not 1, or when the log is in use.
func readHeader(f io.ReaderAt) (*current, error) {
	magic := make([]byte, len(Magic))
	if err := read(f, magic, 0); err != nil {
		return nil, err
	}
	if string(magic) != Magic {
		return nil, corrupt("it does not begin as a VHDX")
	}
	var found *current
	for i, off := range headerOffsets() {
		h := &current{at: i}
		if err := read(f, h.header[:], off); err != nil {
			return nil, err
		}
		switch {
		case !h.valid():
		case found == nil || h.sequence() > found.sequence():
			found = h
		case h.sequence() == found.sequence():
			return nil, corrupt("both headers have the sequence number %d", h.sequence())
		}
	}
	if found == nil {
		return nil, corrupt("it has no valid header")
	}
	if v := binary.LittleEndian.Uint16(found.header[headerVersion:]); v != formatVersion {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("VHDX version %d is not known", v)}
	}
	if !bytes.Equal(found.header[headerLogGUID:headerLogGUID+guidSize], make([]byte, guidSize)) {
		return nil, &container.Refused{
			Kind: container.PendingLog,
			Detail: "the disk was not closed cleanly: start its machine and shut it down, or attach and detach it in Windows " +
				"(Mount-VHD, Dismount-VHD)",
		}
	}
	return found, nil
}

// next returns the header that follows h in the other place, with new identifiers of what was written: of the file and,
// since the disk's content changes too, of the data ([MS-VHDX] 2.2.2, 2.2.2.1).
func (h *current) next(fileWrite, dataWrite [guidSize]byte) *current {
	n := *h
	n.at = 1 - h.at
	binary.LittleEndian.PutUint64(n.header[headerSequence:], h.sequence()+1)
	copy(n.header[headerFileWrite:], fileWrite[:])
	copy(n.header[headerDataWrite:], dataWrite[:])
	n.seal()
	return &n
}
