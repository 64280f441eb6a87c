package regf

// insertSubkey adds a key to its parent's index at the place that findSubkey found (docs/internals/regf.md §1.5).
func (h *Hive) insertSubkey(p *node, pos position, child uint32, name []uint16) error {
	if pos.list == nilCell {
		l := &leaf{kind: h.newLeafKind()}
		l.insert(0, child, name)
		cell, err := h.storeLeaf(l, p.cell)
		if err != nil {
			return err
		}
		return h.putU32(p.rel+nkSubkeyList, cell)
	}
	l := pos.leaf
	if err := h.mustBeCell(l.cell); err != nil {
		return err
	}
	room := l.capacity()
	l.insert(pos.index, child, name)
	switch {
	case l.count <= room:
		return h.rewriteLeaf(l, pos.index)
	case l.kind == "lf" && l.count > maxLFLeafEntries:
		return h.replaceLeaf(p, pos, l.asLI())
	case l.count <= maxLeafEntries:
		return h.replaceLeaf(p, pos, l)
	}
	low, high := l.split()
	return h.replaceLeaf(p, pos, low, high)
}

// newLeafKind is the kind of leaf that Windows makes in a hive of this version.
func (h *Hive) newLeafKind() string {
	if h.base.u32(baseMinor) >= 5 {
		return "lh"
	}
	return "lf"
}

func (l *leaf) insert(at, child uint32, name []uint16) {
	entry := le.AppendUint32(nil, child)
	if tag, ok := l.tagOf(name); ok {
		entry = le.AppendUint32(entry, tag)
	}
	cut := at * l.stride()
	raw := append(append(append([]byte(nil), l.raw[:cut]...), entry...), l.raw[cut:]...)
	l.raw, l.count = raw, l.count+1
}

func (l *leaf) asLI() *leaf {
	out := &leaf{kind: "li", count: l.count}
	for i := range l.count {
		out.raw = le.AppendUint32(out.raw, l.child(i))
	}
	return out
}

func (l *leaf) split() (low, high *leaf) {
	half := l.count / 2
	cut := half * l.stride()
	return &leaf{kind: l.kind, count: half, raw: l.raw[:cut]}, &leaf{kind: l.kind, count: l.count - half, raw: l.raw[cut:]}
}

func (l *leaf) head() []byte { return le.AppendUint16([]byte(l.kind), uint16(l.count)) }

// storeLeaf writes a leaf into a new cell with room for half as many entries again.
func (h *Hive) storeLeaf(l *leaf, near uint32) (uint32, error) {
	room := min(l.count+l.count/2+1, maxLeafEntries)
	cell, err := h.alloc(4+room*l.stride(), near)
	if err != nil {
		return 0, err
	}
	return cell, h.put(cell+4, append(l.head(), l.raw...))
}

// rewriteLeaf writes the entries from index on, and the count, in place.
func (h *Hive) rewriteLeaf(l *leaf, index uint32) error {
	if err := h.put(l.rel, l.head()); err != nil {
		return err
	}
	cut := index * l.stride()
	return h.put(l.rel+4+cut, l.raw[cut:])
}

// replaceLeaf puts one or two new leaves in the place of pos.leaf.
func (h *Hive) replaceLeaf(p *node, pos position, with ...*leaf) error {
	cells := make([]uint32, len(with))
	for i, l := range with {
		var err error
		if cells[i], err = h.storeLeaf(l, pos.leaf.cell); err != nil {
			return err
		}
	}
	if err := h.free(pos.leaf.cell); err != nil {
		return err
	}
	if !pos.isRoot && len(cells) == 1 {
		return h.putU32(p.rel+nkSubkeyList, cells[0])
	}
	leaves := append(append(append([]uint32(nil), pos.leaves[:pos.leafAt]...), cells...), pos.leaves[pos.leafAt+1:]...)
	return h.storeRootIndex(p, pos, leaves)
}

// storeRootIndex writes the list of leaves, in place when the old root index has room.
func (h *Hive) storeRootIndex(p *node, pos position, leaves []uint32) error {
	b := le.AppendUint16([]byte("ri"), uint16(len(leaves)))
	for _, c := range leaves {
		b = le.AppendUint32(b, c)
	}
	if len(leaves) > 0xFFFF {
		return corrupt(pos.list, "the root index is full")
	}
	if pos.isRoot {
		room, err := h.cellSize(pos.list)
		if err != nil {
			return err
		}
		if err := h.mustBeCell(pos.list); err != nil {
			return err
		}
		if uint32(len(b)) <= room {
			return h.put(pos.list+4, b)
		}
	}
	cell, err := h.alloc(uint32(len(b))+4, p.cell)
	if err != nil {
		return err
	}
	if err := h.put(cell+4, b); err != nil {
		return err
	}
	if pos.isRoot {
		if err := h.free(pos.list); err != nil {
			return err
		}
	}
	return h.putU32(p.rel+nkSubkeyList, cell)
}

// removeSubkey takes the entry at pos out of the parent's index. An empty leaf is freed and leaves the root index; an
// empty root index is freed too.
func (h *Hive) removeSubkey(p *node, pos position) error {
	if err := h.dropEntry(p, pos); err != nil {
		return err
	}
	if err := h.putU32(p.rel+nkSubkeys, p.subkeys-1); err != nil {
		return err
	}
	if p.subkeys == 1 {
		if err := h.putU16(p.rel+nkMaxSubkeyName, 0); err != nil {
			return err
		}
		if err := h.putU32(p.rel+nkMaxClass, 0); err != nil {
			return err
		}
	}
	return h.touch(p)
}

func (h *Hive) dropEntry(p *node, pos position) error {
	l := pos.leaf
	if err := h.mustBeCell(l.cell); err != nil {
		return err
	}
	if l.count > 1 {
		cut := pos.index * l.stride()
		tail := append([]byte(nil), l.raw[cut+l.stride():]...)
		l.count--
		if err := h.put(l.rel, l.head()); err != nil {
			return err
		}
		return h.put(l.rel+4+cut, append(tail, make([]byte, l.stride())...))
	}
	if err := h.free(l.cell); err != nil {
		return err
	}
	if pos.isRoot && len(pos.leaves) > 1 {
		leaves := append(append([]uint32(nil), pos.leaves[:pos.leafAt]...), pos.leaves[pos.leafAt+1:]...)
		return h.storeRootIndex(p, pos, leaves)
	}
	if pos.isRoot {
		if err := h.free(pos.list); err != nil {
			return err
		}
	}
	return h.putU32(p.rel+nkSubkeyList, nilCell)
}
