package regf

import (
	"errors"
	"fmt"
	"io"
	"sort"
)

// bin is one hive bin: a run of pages with cells (regf.md §1.2). Cells never cross the end of a bin.
type bin struct{ rel, size uint32 }

func (b bin) end() uint32 { return b.rel + b.size }

// cellSpan is one cell of a bin.
type cellSpan struct {
	rel, size uint32
	used      bool
}

// prepareWrite verifies, once, what every change relies on: that the bins tile the hive without gaps. It reads only the
// headers of the bins.
func (h *Hive) prepareWrite() error {
	if h.broken != nil {
		return h.broken
	}
	if h.bins != nil {
		return nil
	}
	var bins []bin
	for at := uint32(0); at < h.size; {
		size, err := h.binSize(at)
		if err != nil {
			return err
		}
		bins = append(bins, bin{at, size})
		at += size
	}
	h.bins = bins
	return nil
}

// binSize checks the bin header at rel and returns the bin's size. It reads 12 bytes, not the page.
func (h *Hive) binSize(rel uint32) (uint32, error) {
	var b [12]byte
	if p := h.pages[rel/pageSize]; p != nil {
		copy(b[:], p.data[:])
	} else if _, err := h.files.Primary.ReadAt(b[:], headerSize+int64(rel)); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, corrupt(rel, "the file ends before this bin")
		}
		return 0, fmt.Errorf("reading the hive: %w", err)
	}
	size := le.Uint32(b[8:])
	switch {
	case string(b[:4]) != "hbin":
		return 0, corrupt(rel, "a bin should begin here")
	case le.Uint32(b[4:]) != rel:
		return 0, corrupt(rel, "the bin says it is at 0x%x", le.Uint32(b[4:]))
	case size == 0 || size%pageSize != 0 || uint64(rel)+uint64(size) > uint64(h.size):
		return 0, corrupt(rel, "the bin has the impossible size %d", size)
	}
	return size, nil
}

// binOf returns the bin that holds rel.
func (h *Hive) binOf(rel uint32) (bin, error) {
	i := sort.Search(len(h.bins), func(i int) bool { return h.bins[i].end() > rel })
	if i == len(h.bins) {
		return bin{}, corrupt(rel, "no bin is here")
	}
	return h.bins[i], nil
}

// cells returns the cells of a bin, which must tile it.
func (h *Hive) cells(b bin) ([]cellSpan, error) {
	var out []cellSpan
	for at := b.rel + binHeader; at < b.end(); {
		raw, err := h.u32(at)
		if err != nil {
			return nil, err
		}
		size, used := int64(int32(raw)), false
		if size < 0 {
			size, used = -size, true
		}
		if size < 8 || size%8 != 0 || int64(at)+size > int64(b.end()) {
			return nil, corrupt(at, "the cell has the impossible size %d", size)
		}
		out = append(out, cellSpan{at, uint32(size), used})
		at += uint32(size)
	}
	return out, nil
}

// cellAt returns the bin of an allocated cell, its cells, and the cell's place among them. A change may only touch cells
// that are really there.
func (h *Hive) cellAt(cell uint32) (b bin, cells []cellSpan, i int, err error) {
	if b, err = h.binOf(cell); err != nil {
		return
	}
	if cells, err = h.cells(b); err != nil {
		return
	}
	i = sort.Search(len(cells), func(i int) bool { return cells[i].rel >= cell })
	if i == len(cells) || cells[i].rel != cell || !cells[i].used {
		err = corrupt(cell, "no allocated cell begins here")
	}
	return
}

// mustBeCell fails when no allocated cell begins at cell.
func (h *Hive) mustBeCell(cell uint32) error {
	_, _, _, err := h.cellAt(cell)
	return err
}
