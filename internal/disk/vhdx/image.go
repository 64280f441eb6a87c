package vhdx

import (
	"crypto/rand"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/extent"
)

// File is the image file.
type File interface {
	io.ReaderAt
	io.Closer
}

// Image is an open VHDX. It implements [container.Container]. Its methods may be called from several goroutines at once.
type Image struct {
	file     File
	fileSize int64
	head     *current
	*metadata
	blocks []int64 // where each is in the file, 0 when absent
}

var _ container.Container = (*Image)(nil)

// Open reads the structures of an image file of the given size in bytes. It returns a *[container.Refused] for a
// differencing disk, for one with changes waiting in its log, and for a file that is damaged or cut off. Closing the image
// closes the file; an image that is not opened leaves it open.
func Open(f File, size int64) (*Image, error) {
	head, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	places, err := readRegions(f, size, head.log())
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(f, places.metadata)
	if err != nil {
		return nil, err
	}
	blocks, err := readBAT(f, size, m, places)
	if err != nil {
		return nil, err
	}
	return &Image{f, size, head, m, blocks}, nil
}

// Format implements [container.Container].
func (v *Image) Format() container.Format { return container.VHDX }

// Size implements [container.Disk].
func (v *Image) Size() int64 { return v.size }

// SectorSize returns the size of the disk's logical sectors: 512 or 4096 bytes.
func (v *Image) SectorSize() int64 { return v.sector }

// BlockSize returns the size of a block in bytes.
func (v *Image) BlockSize() int64 { return v.block }

// Close closes the file.
func (v *Image) Close() error { return v.file.Close() }

// Locate implements [extent.Layout]: a span ends with its block.
func (v *Image) Locate(off int64) (extent.Span, error) {
	in := off % v.block
	s := extent.Span{N: v.block - in}
	if at := v.blocks[off/v.block]; at != 0 {
		s.File, s.Off = v.file, at+in
	}
	return s, nil
}

// ReadAt implements [io.ReaderAt] for the virtual disk. Blocks that are absent read as zeros.
func (v *Image) ReadAt(p []byte, off int64) (int, error) { return extent.ReadAt(v, p, off) }

// Room implements [container.Container]: it reports whether all blocks of the range are present.
func (v *Image) Room(off, n int64) bool { return extent.Room(v, off, n) }

// Plan implements [container.Container]. The groups are:
//
//  1. the header that does not count, made the one that counts: the next sequence number, new FileWriteGuid and DataWriteGuid
//  2. the other header likewise
//  3. the fresh writes
//  4. the writes' own groups, ascending
//
// The specification demands new identifiers before any other part of the file is modified ([MS-VHDX] 2.2.2.1), so the
// fresh writes are no fills. It returns a *[container.Refused] where a block is absent.
func (v *Image) Plan(w []container.Write) (*container.FilePlan, error) {
	fresh, groups, err := extent.Pieces(v, w)
	if err != nil {
		return nil, err
	}
	plan := &container.FilePlan{Size: v.fileSize}
	if len(fresh) == 0 && len(groups) == 0 {
		return plan, nil
	}
	fileWrite, dataWrite := newGUID(), newGUID()
	for h := v.head; len(plan.Groups) < 2; {
		h = h.next(fileWrite, dataWrite)
		plan.Groups = append(plan.Groups, []container.Piece{{Off: headerOffsets()[h.at], Data: h.header[:]}})
	}
	if len(fresh) > 0 {
		for i := range fresh {
			fresh[i].Fresh = true
		}
		plan.Groups = append(plan.Groups, fresh)
	}
	plan.Groups = append(plan.Groups, groups...)
	return plan, nil
}

// newGUID returns a random GUID (RFC 9562, version 4).
func newGUID() (g [guidSize]byte) {
	_, _ = rand.Read(g[:]) // it never fails
	g[7] = g[7]&0x0f | 0x40
	g[8] = g[8]&0x3f | 0x80
	return g
}
