package qcow2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Backing is what a header says of the file below.
type Backing struct {
	Name   string           // as it stands in the header; "" when there is none
	Format container.Format // "" when the header does not say
}

// header is a header that passed all checks which need no other part of the file.
type header struct {
	version       int
	bits          int // of a cluster's size
	size          int64
	l1Off         int64
	l1Entries     int64
	refcountOff   int64
	refcountLen   int64 // in bytes
	refcountOrder int
	snapshots     int64
	incompatible  uint64
	autoclear     uint64
	bitmaps       bool // the extension is there
	compression   int
	backing       Backing
	dataFile      string // the name of the external data file; "" when the header does not say
	length        int64  // of header and extensions and the backing name, in bytes
	fileSize      int64
}

func corrupt(format string, args ...any) error {
	return &container.Refused{Kind: container.Corrupt, Detail: fmt.Sprintf(format, args...) + " (see qemu-img check)"}
}

// readHeader reads the header and its extensions, which all lie in the first cluster.
func readHeader(f io.ReaderAt, fileSize int64) (*header, error) {
	b := make([]byte, headerLenNew)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n < len(Magic) || string(b[:len(Magic)]) != Magic {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: "not a qcow2 image"}
	}
	if n < headerLenV2 {
		return nil, &container.Refused{Kind: container.Truncated, Detail: "the qcow2 header is not complete: copy it again"}
	}
	h := &header{fileSize: fileSize, version: int(binary.BigEndian.Uint32(b[offVersion:]))}
	if err := h.readFixed(b[:n]); err != nil {
		return nil, err
	}
	if err := h.checkFeatures(); err != nil {
		return nil, err
	}
	if err := h.checkTables(); err != nil {
		return nil, err
	}
	return h, h.readExtensions(f, b)
}

func (h *header) readFixed(b []byte) error {
	be := binary.BigEndian
	switch {
	case h.version == 1:
		return &container.Refused{Kind: container.Unsupported, Detail: "qcow version 1: convert it with qemu-img convert -O qcow2"}
	case h.version != 2 && h.version != 3:
		return &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("qcow version %d", uint32(h.version))}
	case h.version == 3 && len(b) < headerLenV3:
		return &container.Refused{Kind: container.Truncated, Detail: "the qcow2 header is not complete: copy it again"}
	}
	bits := be.Uint32(b[offClusterBits:])
	if bits < minClusterBits || bits > maxClusterBits {
		return corrupt("clusters of 2^%d bytes", bits)
	}
	h.bits = int(bits)
	size := be.Uint64(b[offSize:])
	if size > maxDiskSize {
		return corrupt("a virtual disk of %d bytes", size)
	}
	h.size = int64(size)
	if crypt := be.Uint32(b[offCrypt:]); crypt != 0 {
		return &container.Refused{
			Kind: container.Encrypted, Detail: fmt.Sprintf("qcow2 encryption method %d: decrypt it with qemu-img convert", crypt),
		}
	}
	h.l1Entries = int64(be.Uint32(b[offL1Size:]))
	h.refcountLen = int64(be.Uint32(b[offRefcountLen:])) << h.bits
	h.snapshots = int64(be.Uint32(b[offSnapshots:]))
	h.refcountOrder, h.length = refcountOrder, headerLenV2
	var ok1, ok2 bool
	h.l1Off, ok1 = h.tableOffset(be.Uint64(b[offL1Table:]))
	h.refcountOff, ok2 = h.tableOffset(be.Uint64(b[offRefcountTable:]))
	if !ok1 || !ok2 {
		return corrupt("a table's offset is not that of a cluster")
	}
	if h.version == 2 {
		return nil
	}
	h.incompatible, h.autoclear = be.Uint64(b[offIncompatible:]), be.Uint64(b[offAutoclear:])
	order, length := be.Uint32(b[offRefcountOrder:]), be.Uint32(b[offHeaderLen:])
	if order > maxRefcountOrder {
		return corrupt("refcounts of 2^%d bits", order)
	}
	if length < headerLenV3 || int64(length) > h.cluster() {
		return corrupt("a header of %d bytes", length)
	}
	h.refcountOrder, h.length = int(order), int64(length)
	if length > offCompression && len(b) > offCompression {
		h.compression = int(b[offCompression])
	}
	return nil
}

// cluster returns the size of a cluster in bytes.
func (h *header) cluster() int64 { return 1 << h.bits }

// l2Entries returns how many clusters one L2 table maps.
func (h *header) l2Entries() int64 { return h.cluster() / entryBytes }

func (h *header) tableOffset(v uint64) (int64, bool) {
	return int64(v), v < 1<<62 && v%uint64(h.cluster()) == 0
}

func (h *header) checkFeatures() error {
	f := h.incompatible
	switch {
	case f&incompatCorrupt != 0:
		return &container.Refused{Kind: container.Corrupt, Detail: "qemu has marked it as corrupt: repair it with qemu-img check -r all"}
	case f&incompatDataFile != 0:
		return &container.Refused{Kind: container.DataFile, Detail: "convert it with qemu-img convert -O qcow2"}
	case f&incompatExtendedL2 != 0:
		return &container.Refused{Kind: container.ExtendedL2, Detail: "convert it with qemu-img convert -O qcow2"}
	case f&^uint64(incompatKnown) != 0:
		return &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("qcow2 features 0x%x", f&^uint64(incompatKnown))}
	case (f&incompatCompression != 0) != (h.compression != compressionZlib):
		return corrupt("the compression type and its feature bit do not agree")
	case h.compression > compressionZstd:
		return &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("qcow2 compression type %d", h.compression)}
	}
	return nil
}

// checkTables holds the tables against the disk's and the file's size.
func (h *header) checkTables() error {
	perL1 := h.cluster() * h.l2Entries()
	if need := (h.size + perL1 - 1) / perL1; h.l1Entries < need {
		return corrupt("an L1 table of %d entries for a disk of %d bytes", h.l1Entries, h.size)
	}
	if h.l1Entries*entryBytes > maxL1Bytes {
		return corrupt("an L1 table of %d entries", h.l1Entries)
	}
	if h.l1Entries > 0 && h.l1Off == 0 || h.l1Off+h.l1Entries*entryBytes > h.fileSize {
		return &container.Refused{Kind: container.Truncated, Detail: "the file ends before its L1 table does: copy it again"}
	}
	return nil
}

// readExtensions reads the header extensions and the name of the backing file.
func (h *header) readExtensions(f io.ReaderAt, fixed []byte) error {
	nameOff := int64(binary.BigEndian.Uint64(fixed[offBackingName:]))
	nameLen := int64(binary.BigEndian.Uint32(fixed[offBackingLen:]))
	first := make([]byte, min(h.cluster(), 64<<10))
	n, err := f.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	first = first[:n]
	end := int64(len(first))
	if nameOff != 0 {
		if nameLen == 0 || nameLen > maxBackingName || nameOff < h.length || nameOff > end-nameLen {
			return corrupt("the name of the backing file does not lie in the first cluster")
		}
		h.backing.Name = string(first[nameOff : nameOff+nameLen])
		end = nameOff
	}
	if err := h.walkExtensions(first[:end]); err != nil {
		return err
	}
	if nameOff != 0 {
		h.length = nameOff + nameLen
	}
	return nil
}

// walkExtensions goes through the list of extensions until its end mark, or the end of b, which it may also have.
func (h *header) walkExtensions(b []byte) error {
	for int64(len(b)) >= h.length+8 {
		kind, length := binary.BigEndian.Uint32(b[h.length:]), int64(binary.BigEndian.Uint32(b[h.length+4:]))
		h.length += 8
		if kind == extEnd {
			return nil
		}
		if length > int64(len(b))-h.length {
			return corrupt("a header extension of %d bytes", length)
		}
		data := b[h.length : h.length+length]
		switch kind {
		case extBackingFormat:
			h.backing.Format = container.Format(bytes.TrimRight(data, "\x00"))
		case extBitmaps:
			h.bitmaps = true
		case extDataFile:
			h.dataFile = string(data)
		}
		h.length += (length + 7) &^ 7
	}
	return nil
}
