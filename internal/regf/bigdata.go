package regf

// isBig decides by version and size, never by the signature, whether a value is stored in segments
// (docs/internals/regf.md §1.6).
func (h *Hive) isBig(size uint32) bool { return size > maxCellData && h.base.u32(baseMinor) >= 4 }

// segments returns the cells of a big value's segments and the cell of their list.
func (h *Hive) segments(cell, size uint32) (list uint32, out []uint32, err error) {
	_, b, _, err := h.record(cell, "db", 8)
	if err != nil {
		return 0, nil, err
	}
	n, list := uint32(le.Uint16(b[2:])), le.Uint32(b[4:])
	if want := (size + segmentData - 1) / segmentData; n != want {
		return 0, nil, corrupt(cell, "%d segments for a value of %d bytes", n, size)
	}
	rel, length, err := h.payload(list)
	if err != nil {
		return 0, nil, err
	}
	if 4*n > length {
		return 0, nil, corrupt(list, "the segment list is too short")
	}
	raw, err := h.view(rel, 4*n)
	if err != nil {
		return 0, nil, err
	}
	seen := map[uint32]bool{cell: true, list: true}
	for i := range n {
		c := le.Uint32(raw[4*i:])
		if seen[c] {
			return 0, nil, corrupt(list, "the segment list names a cell twice")
		}
		seen[c] = true
		out = append(out, c)
	}
	return list, out, nil
}

func (h *Hive) bigData(cell, size uint32) ([]byte, error) {
	_, cells, err := h.segments(cell, size)
	if err != nil {
		return nil, err
	}
	var data []byte
	for _, c := range cells {
		rel, length, err := h.payload(c)
		if err != nil {
			return nil, err
		}
		n := min(segmentData, size-uint32(len(data)))
		if n > length {
			return nil, corrupt(c, "a segment is too short")
		}
		b, err := h.view(rel, n)
		if err != nil {
			return nil, err
		}
		data = append(data, b...)
	}
	return data, nil
}
