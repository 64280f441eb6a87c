package vhd

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/extent"
)

// dynamic is the layout of a dynamic disk.
type dynamic struct {
	file   io.ReaderAt
	block  int64   // bytes in a block
	bitmap int64   // bytes of its bitmap, whole sectors
	blocks []int64 // where each block's bitmap is in the file, 0 when the block is absent

	mu      sync.Mutex
	bitmaps map[int64][]byte // by block
}

// bitmapsKept bounds the memory that bitmaps take: of blocks of 2 MiB, the usual size, 512 bytes each.
const bitmapsKept = 64

// readDynamic reads the header and the block table of a dynamic disk.
func readDynamic(f io.ReaderAt, fileSize int64, foot *footer) (*dynamic, error) {
	if foot.header < footerSize || foot.header > fileSize-headerSize-footerSize {
		return nil, corrupt("the dynamic disk header is at offset %d", foot.header)
	}
	b := make([]byte, headerSize)
	if err := read(f, b, foot.header); err != nil {
		return nil, err
	}
	be := binary.BigEndian
	if string(b[:8]) != headerMagic || checksum(b, headerChecksum) != be.Uint32(b[headerChecksum:]) {
		return nil, corrupt("the dynamic disk header's checksum is wrong")
	}
	if v := be.Uint32(b[headerVersion:]); v>>16 != versionMajor {
		return nil, &container.Refused{
			Kind: container.Unsupported, Detail: fmt.Sprintf("version %d.%d of the dynamic disk header", v>>16, v&0xFFFF),
		}
	}
	d := &dynamic{file: f, block: int64(be.Uint32(b[headerBlock:])), bitmaps: map[int64][]byte{}}
	if d.block < blockMin || d.block > blockMax || d.block&(d.block-1) != 0 {
		return nil, corrupt("blocks of %d bytes", d.block)
	}
	d.bitmap = (d.block/sectorSize/8 + sectorSize - 1) / sectorSize * sectorSize
	count := (foot.size + d.block - 1) / d.block
	table, entries := int64(be.Uint64(b[headerTable:])), int64(be.Uint32(b[headerEntries:]))
	switch {
	case count > blocksMax:
		return nil, &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("%d blocks are too many", count)}
	case entries < count:
		return nil, corrupt("a block table of %d entries for %d blocks", entries, count)
	case table < footerSize || table > fileSize-footerSize-4*count:
		return nil, corrupt("the block table is at offset %d", table)
	}
	if err := d.readTable(table, count); err != nil {
		return nil, err
	}
	return d, d.check(fileSize-footerSize, []span{
		{0, footerSize}, {foot.header, headerSize}, {table, 4 * count},
	})
}

func (d *dynamic) readTable(at, count int64) error {
	raw := make([]byte, 4*count)
	if err := read(d.file, raw, at); err != nil {
		return err
	}
	d.blocks = make([]int64, count)
	for i := range d.blocks {
		if sector := binary.BigEndian.Uint32(raw[4*i:]); sector != unused {
			d.blocks[i] = int64(sector) * sectorSize
			if sector == 0 {
				return corrupt("a block is at offset 0")
			}
		}
	}
	return nil
}

// span is a range of the file.
type span struct{ off, n int64 }

// check looks for blocks that lie over each other, over a structure of the file, or behind its end.
func (d *dynamic) check(end int64, structures []span) error {
	n := d.bitmap + d.block
	present := make([]int64, 0, len(d.blocks))
	for _, at := range d.blocks {
		if at == 0 {
			continue
		}
		if at > end-n {
			return cutOff(fmt.Sprintf("a block ends at offset %d, and the file has %d bytes", at+n, end+footerSize))
		}
		for _, s := range structures {
			if at < s.off+s.n && s.off < at+n {
				return corrupt("the block at offset %d lies over the file's tables", at)
			}
		}
		present = append(present, at)
	}
	slices.SortFunc(present, cmp.Compare[int64])
	for i := 1; i < len(present); i++ {
		if present[i]-present[i-1] < n {
			return corrupt("two blocks overlap at offset %d", present[i])
		}
	}
	return nil
}

// locate returns the run of sectors with equal bits that holds the byte at off.
func (d *dynamic) locate(off int64) (extent.Span, error) {
	block, in := off/d.block, off%d.block
	at := d.blocks[block]
	if at == 0 {
		return extent.Span{N: d.block - in}, nil
	}
	bits, err := d.bits(block)
	if err != nil {
		return extent.Span{}, err
	}
	set := func(sector int64) bool { return bits[sector/8]>>(7-sector%8)&1 != 0 }
	first, last := in/sectorSize, d.block/sectorSize
	next := first + 1
	for next < last && set(next) == set(first) {
		next++
	}
	s := extent.Span{N: next*sectorSize - in}
	if set(first) {
		s.File, s.Off = d.file, at+d.bitmap+in
	}
	return s, nil
}

// bits returns the bitmap of a block that is present.
func (d *dynamic) bits(block int64) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if b := d.bitmaps[block]; b != nil {
		return b, nil
	}
	b := make([]byte, d.bitmap)
	if err := read(d.file, b, d.blocks[block]); err != nil {
		return nil, err
	}
	if len(d.bitmaps) >= bitmapsKept {
		clear(d.bitmaps)
	}
	d.bitmaps[block] = b
	return b, nil
}
