package regf

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sort"
)

// bin is one hive bin: a run of pages with cells (docs/internals/regf.md §1.2). Cells never cross the end of a bin.
type bin struct{ rel, size uint32 }

func (b bin) end() uint32 { return b.rel + b.size }

// cellSpan is one cell of a bin.
type cellSpan struct {
	rel, size uint32
	used      bool
}

// provingWindow is how many bytes before a cell are looked at to prove where its bin begins. The largest bin seen in real
// hives has 69,632 bytes: from format 1.4 on, the data of a value lies in cells of at most 16 KiB.
const provingWindow = 1 << 20

// headsPerRead is how many pages one read looks at for bin headers: 64 KiB.
const headsPerRead = 16

// heads are the sizes of the bins that seem to begin at the pages of one read, and 0 for the other pages.
type heads [headsPerRead]uint32

// verifyBins checks that the bins tile the hive without gaps, from its beginning to its end, and reads the whole file for
// that. Most changes do not need it: they prove what they touch, in a time that does not grow with the hive.
func (h *Hive) verifyBins() error {
	if h.walked {
		return nil
	}
	var bins []bin
	for at := uint32(0); at < h.size; {
		size, err := h.head(at)
		if err != nil {
			return err
		}
		if size == 0 {
			return h.noBin(at)
		}
		bins = append(bins, bin{at, size})
		at += size
	}
	h.bins, h.walked = bins, true
	return nil
}

// binOf returns the bin that holds rel.
func (h *Hive) binOf(rel uint32) (bin, error) {
	if b, known := h.knownBin(rel); known {
		return b, nil
	}
	if !h.walked {
		b, proven, err := h.proveBin(rel)
		if err != nil {
			return bin{}, err
		}
		if proven {
			i, _ := slices.BinarySearchFunc(h.bins, b, func(x, y bin) int { return cmp.Compare(x.rel, y.rel) })
			h.bins = slices.Insert(h.bins, i, b)
			return b, nil
		}
		if err := h.verifyBins(); err != nil {
			return bin{}, err
		}
	}
	if b, known := h.knownBin(rel); known {
		return b, nil
	}
	return bin{}, corrupt(rel, "no bin is here")
}

func (h *Hive) knownBin(rel uint32) (b bin, known bool) {
	i := sort.Search(len(h.bins), func(i int) bool { return h.bins[i].end() > rel })
	if i == len(h.bins) || h.bins[i].rel > rel {
		return bin{}, false
	}
	return h.bins[i], true
}

// proveBin finds the bin that holds rel without walking there from the beginning of the hive. What looks like a bin's
// header at the start of a page may be data that somebody has put into a value. So all of the window before rel must agree:
// every seeming bin in it begins where the one before it ends. The true bin's header is in the window too, unless the bin
// is larger than any that is known, and it would overlap with every false one inside it: when all agree, the last is true.
// Where they do not agree, and in the older formats with cells of any size, only the walk tells.
func (h *Hive) proveBin(rel uint32) (b bin, proven bool, err error) {
	if _, minor := h.Version(); minor < 4 {
		return bin{}, false, nil
	}
	first := uint32(0)
	if rel > provingWindow {
		first = (rel - provingWindow) / pageSize * pageSize
	}
	for at := first; at <= rel; at += pageSize {
		size, err := h.head(at)
		switch {
		case err != nil:
			return bin{}, false, err
		case size == 0:
			continue
		case b.size > 0 && b.end() != at, b.size == 0 && first == 0 && at != 0:
			return bin{}, false, nil
		}
		b = bin{at, size}
	}
	return b, b.size > 0 && b.end() > rel, nil
}

// head returns the size of the bin that seems to begin at rel, the start of a page, and 0 when none does.
func (h *Hive) head(rel uint32) (uint32, error) {
	if p := h.pages[rel/pageSize]; p != nil {
		return h.seemingBin(rel, p.data[:]), nil
	}
	group := rel / pageSize / headsPerRead
	found, known := h.heads[group]
	if !known {
		var err error
		if found, err = h.readHeads(group); err != nil {
			return 0, err
		}
		h.heads[group] = found
	}
	return found[rel/pageSize%headsPerRead], nil
}

func (h *Hive) readHeads(group uint32) (found heads, err error) {
	if h.scratch == nil {
		h.scratch = make([]byte, headsPerRead*pageSize)
	}
	at := group * headsPerRead * pageSize
	n, err := h.files.Primary.ReadAt(h.scratch, headerSize+int64(at))
	if err != nil && !errors.Is(err, io.EOF) {
		return found, fmt.Errorf("reading the hive: %w", err)
	}
	for i := range found {
		if from := i * pageSize; from+binHeader <= n {
			found[i] = h.seemingBin(at+uint32(from), h.scratch[from:])
		}
	}
	return found, nil
}

// seemingBin reads a bin header, and returns 0 for anything else.
func (h *Hive) seemingBin(rel uint32, b []byte) uint32 {
	size := le.Uint32(b[8:])
	if string(b[:4]) != "hbin" || le.Uint32(b[4:]) != rel || size == 0 || size%pageSize != 0 ||
		uint64(rel)+uint64(size) > uint64(h.size) {
		return 0
	}
	return size
}

// noBin says why no bin begins at rel.
func (h *Hive) noBin(rel uint32) error {
	_, err := h.binSize(rel)
	if err == nil {
		err = corrupt(rel, "no bin is here")
	}
	return err
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

// cells yields the cells of a bin, which must tile it. It keeps no list of them: a hostile bin may have millions.
func (h *Hive) cells(b bin) iter.Seq2[cellSpan, error] {
	return func(yield func(cellSpan, error) bool) {
		for at := b.rel + binHeader; at < b.end(); {
			c, err := h.cellSpan(b, at)
			if !yield(c, err) || err != nil {
				return
			}
			at += c.size
		}
	}
}

func (h *Hive) cellSpan(b bin, at uint32) (cellSpan, error) {
	raw, err := h.u32(at)
	if err != nil {
		return cellSpan{}, err
	}
	size, used := int64(int32(raw)), false
	if size < 0 {
		size, used = -size, true
	}
	if size < 8 || size%8 != 0 || int64(at)+size > int64(b.end()) {
		return cellSpan{}, corrupt(at, "the cell has the impossible size %d", size)
	}
	return cellSpan{at, uint32(size), used}, nil
}

// neighbourhood is an allocated cell with the cells around it; a neighbour of size 0 is none.
type neighbourhood struct {
	bin                bin
	before, this, next cellSpan
}

// cellAt finds an allocated cell in its bin. A change may only touch cells that are really there: all of the bin must be
// tiled by cells.
func (h *Hive) cellAt(cell uint32) (n neighbourhood, err error) {
	if n.bin, err = h.binOf(cell); err != nil {
		return n, err
	}
	var last cellSpan
	for c, err := range h.cells(n.bin) {
		if err != nil {
			return n, err
		}
		switch {
		case c.rel == cell:
			n.before, n.this = last, c
		case n.this.size > 0 && last.rel == cell:
			n.next = c
		}
		last = c
	}
	if !n.this.used {
		return n, corrupt(cell, "no allocated cell begins here")
	}
	return n, nil
}

// mustBeCell fails when no allocated cell begins at cell.
func (h *Hive) mustBeCell(cell uint32) error {
	_, err := h.cellAt(cell)
	return err
}
