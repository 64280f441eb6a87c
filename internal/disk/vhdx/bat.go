package vhdx

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// The block allocation table, [MS-VHDX] 2.5.
const (
	batEntry     = 8
	stateMask    = 7
	stateOld     = 5 // unmapped, in drafts before version 1.00; qemu reads it so, too
	stateUnmap   = 3 // the states up to it: not present, undefined, zero, unmapped
	statePresent = 6
	offsetShift  = 20
	chunkSectors = 1 << 23 // sectors that one sector bitmap block covers

	// blocksMost bounds the memory that the table of a hostile file can take: 16 MiB, and as much to sort it.
	blocksMost = 2 << 20
)

// readBAT returns where each block of the disk is in the file; 0 for one that is absent. It returns a *container.Refused
// when a block overlaps another or a structure of the file, or lies behind its end.
func readBAT(f io.ReaderAt, size int64, m *metadata, r *regions) ([]int64, error) {
	count := (m.size + m.block - 1) / m.block
	if count > blocksMost {
		return nil, &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf("%d blocks are too many", count)}
	}
	ratio := chunkSectors * m.sector / m.block // blocks between two entries of sector bitmaps
	entries := count + (count-1)/ratio
	if entries*batEntry > r.bat.n {
		return nil, corrupt("the block table has no room for %d blocks", count)
	}
	blocks := make([]int64, count)
	buf := make([]byte, min(entries*batEntry, megabyte))
	for first := int64(0); first < entries; first += int64(len(buf) / batEntry) {
		part := buf[:min(int64(len(buf)), (entries-first)*batEntry)]
		if err := read(f, part, r.bat.off+first*batEntry); err != nil {
			return nil, err
		}
		for i := range int64(len(part) / batEntry) {
			entry, chunk := first+i, (first+i)/(ratio+1)
			if entry%(ratio+1) == ratio { // of a sector bitmap, which only a differencing disk has
				continue
			}
			at, err := blockAt(binary.LittleEndian.Uint64(part[i*batEntry:]))
			if err != nil {
				return nil, err
			}
			blocks[entry-chunk] = at
		}
	}
	return blocks, checkBlocks(blocks, size, m, r)
}

// blockAt returns the offset in a table entry, 0 for a block that is absent.
func blockAt(entry uint64) (int64, error) {
	switch state := entry & stateMask; {
	case state <= stateUnmap || state == stateOld:
		return 0, nil
	case state != statePresent:
		return 0, corrupt("a block is in the state %d", state)
	case entry>>offsetShift == 0 || entry>>offsetShift >= 1<<42:
		return 0, corrupt("a block is at offset %d MiB", entry>>offsetShift)
	default:
		return int64(entry >> offsetShift << offsetShift), nil
	}
}

// checkBlocks looks for blocks that are where they cannot be.
func checkBlocks(blocks []int64, size int64, m *metadata, r *regions) error {
	last := m.size - int64(len(blocks)-1)*m.block // bytes of the disk in the last block
	present := make([]int64, 0, len(blocks))
	for i, at := range blocks {
		if at == 0 {
			continue
		}
		n := m.block
		if i == len(blocks)-1 {
			n = last
		}
		if at > size-n {
			return cutOff(at+n, size)
		}
		if r.overlaps(span{at, m.block}) {
			return corrupt("the block at offset %d overlaps a structure of the file", at)
		}
		present = append(present, at)
	}
	slices.SortFunc(present, cmp.Compare[int64])
	for i := 1; i < len(present); i++ {
		if present[i]-present[i-1] < m.block {
			return corrupt("two blocks overlap at offset %d", present[i])
		}
	}
	return nil
}
