package regf

import (
	"fmt"
	"slices"
)

// alloc returns a new allocated cell with room for n bytes of payload, zeroed. It looks in the bin of near, then in bins
// that this transaction has changed already, then in the last bin, and else appends a bin: few pages get dirty.
func (h *Hive) alloc(n, near uint32) (uint32, error) {
	need := (n + 4 + 7) &^ 7
	bins, err := h.candidates(near)
	if err != nil {
		return 0, err
	}
	for _, b := range bins {
		cell, ok, err := h.allocIn(b, need)
		if err != nil || ok {
			return cell, err
		}
	}
	return h.appendBin(need)
}

// maxCandidates bounds how many changed bins one allocation looks at, so that large transactions stay linear.
const maxCandidates = 16

// candidates lists the bins to try, without repetition: the latest changes first, for they have room most likely.
func (h *Hive) candidates(near uint32) ([]bin, error) {
	out := make([]bin, 0, maxCandidates+2)
	add := func(rel uint32) error {
		b, err := h.binOf(rel)
		if err == nil && !slices.Contains(out, b) {
			out = append(out, b)
		}
		return err
	}
	if near != nilCell {
		if err := add(near); err != nil {
			return nil, err
		}
	}
	for i := len(h.dirtied) - 1; i >= 0 && len(out) < maxCandidates; i-- {
		if err := add(h.dirtied[i] * pageSize); err != nil {
			return nil, err
		}
	}
	return out, add(h.size - 1)
}

// allocIn takes the smallest sufficient free cell of a bin.
func (h *Hive) allocIn(b bin, need uint32) (cell uint32, ok bool, err error) {
	if room, known := h.room[b.rel]; known && need > room {
		return 0, false, nil
	}
	var best cellSpan
	var largest uint32
	for c, err := range h.cells(b) {
		if err != nil {
			return 0, false, err
		}
		if c.used {
			continue
		}
		largest = max(largest, c.size)
		if c.size >= need && (best.size == 0 || c.size < best.size) {
			best = c
		}
	}
	h.room[b.rel] = largest // an allocation only makes it smaller; free forgets it
	if best.size == 0 {
		return 0, false, nil
	}
	if rest := best.size - need; rest > 0 {
		if err := h.putU32(best.rel+need, rest); err != nil {
			return 0, false, err
		}
	}
	return best.rel, true, h.initCell(best.rel, need)
}

func (h *Hive) initCell(cell, size uint32) error {
	if err := h.putU32(cell, uint32(-int32(size))); err != nil {
		return err
	}
	return h.put(cell+4, make([]byte, size-4))
}

// appendBin grows the hive by one bin that holds a cell of the given size.
func (h *Hive) appendBin(need uint32) (uint32, error) {
	size := (need + binHeader + pageSize - 1) &^ (pageSize - 1)
	if uint64(h.size)+uint64(size) > maxHiveSize {
		return 0, fmt.Errorf("%w: the hive would grow beyond 2 GiB", ErrInvalid)
	}
	b := bin{h.size, size}
	for i := range size / pageSize {
		p := new(page) // whatever the slack of the file holds there
		h.pages[b.rel/pageSize+i] = p
		h.markDirty(p, b.rel/pageSize+i)
	}
	h.size += size
	h.bins = append(h.bins, b)

	var head [binHeader]byte
	copy(head[:], "hbin")
	le.PutUint32(head[4:], b.rel)
	le.PutUint32(head[8:], size)
	if err := h.put(b.rel, head[:]); err != nil {
		return 0, err
	}
	cell := b.rel + binHeader
	if rest := size - binHeader - need; rest > 0 {
		if err := h.putU32(cell+need, rest); err != nil {
			return 0, err
		}
	}
	return cell, h.initCell(cell, need)
}

// Apart keeps the changes from now to the next commit away from what they free: a value that is replaced gets other cells, and
// cells that are freed are zeroed by the commit and hold nothing else before. So a hive file whose commit is undone from
// a journal can leave out of it what was there: all that comes in its place is zeros.
func (h *Hive) Apart() { h.apart = true }

// releaseKept frees the cells that were kept for the commit.
func (h *Hive) releaseKept() error {
	h.apart = false
	return h.edit(func() error {
		for _, cell := range h.kept {
			if err := h.free(cell); err != nil {
				return err
			}
		}
		h.kept = nil
		return nil
	})
}

// free gives a cell back, zeroes it, and merges it with free neighbours, as Windows does: no two free cells of a bin ever
// touch (docs/internals/regf.md §1.3).
func (h *Hive) free(cell uint32) error {
	if h.apart {
		h.kept = append(h.kept, cell)
		return nil
	}
	n, err := h.cellAt(cell)
	if err != nil {
		return err
	}
	delete(h.room, n.bin.rel)
	first, size := n.this.rel, n.this.size
	if err := h.put(cell, make([]byte, size)); err != nil {
		return err
	}
	if n.next.size > 0 && !n.next.used {
		if err := h.putU32(n.next.rel, 0); err != nil {
			return err
		}
		size += n.next.size
	}
	if n.before.size > 0 && !n.before.used {
		first, size = n.before.rel, size+n.before.size
	}
	return h.putU32(first, size)
}

// cellSize returns the payload size of an allocated cell.
func (h *Hive) cellSize(cell uint32) (uint32, error) {
	_, n, err := h.payload(cell)
	return n, err
}
