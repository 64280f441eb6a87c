package vhd

import (
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/extent"
)

// File is the image file.
type File interface {
	io.ReaderAt
	io.Closer
}

// Image is an open VHD. It implements [container.Container]. Its methods may be called from several goroutines at once.
type Image struct {
	file     File
	fileSize int64
	size     int64
	blocks   *dynamic // nil: the disk is fixed
}

var _ container.Container = (*Image)(nil)

// Open reads the structures of an image file of the given size in bytes. It returns a *[container.Refused] for a
// differencing disk, for one whose machine is in a saved state, and for a file that is damaged, of wrong checksums or cut
// off. Closing the image closes the file; an image that is not opened leaves it open.
func Open(f File, size int64) (*Image, error) {
	foot, err := readFooter(f, size)
	if err != nil {
		return nil, err
	}
	v := &Image{file: f, fileSize: size, size: foot.size}
	if foot.kind == typeDynamic {
		if v.blocks, err = readDynamic(f, size, foot); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Format implements [container.Container].
func (v *Image) Format() container.Format { return container.VHD }

// Size implements [container.Disk].
func (v *Image) Size() int64 { return v.size }

// Fixed reports whether the file holds all of the disk in one piece.
func (v *Image) Fixed() bool { return v.blocks == nil }

// Close closes the file.
func (v *Image) Close() error { return v.file.Close() }

// Locate implements [extent.Layout].
func (v *Image) Locate(off int64) (extent.Span, error) {
	if v.blocks == nil {
		return extent.Span{N: v.size - off, File: v.file, Off: off}, nil
	}
	return v.blocks.locate(off)
}

// ReadAt implements [io.ReaderAt] for the virtual disk. What was never written reads as zeros.
func (v *Image) ReadAt(p []byte, off int64) (int, error) { return extent.ReadAt(v, p, off) }

// Room implements [container.Container]: it reports whether all sectors of the range are present.
func (v *Image) Room(off, n int64) bool { return extent.Room(v, off, n) }

// Plan implements [container.Container]. It returns a *[container.Refused] where a sector is not present.
func (v *Image) Plan(w []container.Write) (*container.FilePlan, error) {
	fresh, groups, err := extent.Pieces(v, w)
	if err != nil {
		return nil, err
	}
	return &container.FilePlan{Fills: fresh, Groups: groups, Size: v.fileSize}, nil
}
