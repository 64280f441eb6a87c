package ntfs

import "slices"

// newBlock takes an index block that is not in use, and makes the index longer where there is none. What it changes in the
// directory's record is kept there; the block is written by flush.
func (x *tree) newBlock() (*node, error) {
	if x.blocks == nil {
		if err := x.addBlocks(); err != nil {
			return nil, err
		}
	}
	i, err := x.freeBlock()
	if err != nil {
		return nil, err
	}
	vcn := i * x.block / x.unit
	if err := x.setBlock(vcn, true); err != nil {
		return nil, err
	}
	raw := make([]byte, x.block)
	count := int(x.block)/sectorSize + 1
	const usa = 0x28
	copy(raw, "INDX")
	put16(raw, offUSA, usa)
	put16(raw, offUSA+2, uint16(count))
	put64(raw, 16, uint64(vcn))
	n := &node{vcn: vcn, raw: raw, first: align8(usa+2*count) - blockHeader}
	x.mark(n)
	return n, nil
}

// freeBlock returns the number of the first block that is not in use.
func (x *tree) freeBlock() (int64, error) {
	count := min(x.blocks.size, x.blocks.initialized) / x.block
	if count > maxBlocks {
		return 0, refuse(DirectoryFull, "record %d: %d index blocks", x.file.number, count)
	}
	for i := range count {
		set, err := x.bit(i)
		if err != nil {
			return 0, err
		}
		if !set {
			return i, nil
		}
	}
	return count, x.extend(count + 1)
}

// addBlocks gives an index that had only a root its first block and its bitmap.
func (x *tree) addBlocks() error {
	n := (x.block + x.t.cluster - 1) / x.t.cluster
	runs, err := x.t.allocate(n, -1)
	if err != nil {
		return err
	}
	// Of no length yet: extend follows.
	blocks := nonresidentAttribute(typeIndexAllocation, fileIndex, x.rec.nextID(), 0, runs, 0, 0, x.t.cluster)
	bitmap := residentAttribute(typeBitmap, fileIndex, x.rec.nextID(), false, make([]byte, 8))
	for _, b := range [][]byte{blocks, bitmap} {
		ok, err := x.rec.insert(&x.t.geometry, b)
		if err != nil || !ok {
			return x.full(err)
		}
	}
	return x.reload()
}

// reload reads the streams of the index again after their attributes have changed.
func (x *tree) reload() error {
	attrs, err := x.rec.attributes(&x.t.geometry)
	if err != nil {
		return err
	}
	i := &inode{record: x.rec, attrs: attrs}
	if x.blocks, err = i.stream(typeIndexAllocation, fileIndex); err != nil {
		return err
	}
	x.bitmap, err = i.stream(typeBitmap, fileIndex)
	return err
}

// extend makes the index count blocks long, of which the last one is new.
func (x *tree) extend(count int64) error {
	a, err := x.attribute(typeIndexAllocation)
	if err != nil {
		return err
	}
	if x.blocks.initialized != x.blocks.size {
		return refuse(DirectoryFull, "record %d: blocks that are not initialized", x.file.number)
	}
	runs, size := slices.Clone(x.blocks.runs), count*x.block
	if size > x.blocks.allocated {
		near := int64(-1)
		if len(runs) > 0 {
			near = runs[len(runs)-1].lcn + runs[len(runs)-1].n
		}
		added, err := x.t.allocate((size-x.blocks.allocated+x.t.cluster-1)/x.t.cluster, near)
		if err != nil {
			return err
		}
		for _, e := range added {
			runs = appendRun(runs, e.lcn, e.n)
		}
	}
	if !x.rec.replace(a, rewriteRuns(a, runs, size, size, x.t.cluster)) {
		return x.full(nil)
	}
	if err := x.reload(); err != nil {
		return err
	}
	return x.extendBitmap(count)
}

// extendBitmap makes the blocks' bitmap long enough.
func (x *tree) extendBitmap(count int64) error {
	if count <= 8*min(x.bitmap.size, x.bitmap.initialized) {
		return nil
	}
	a, err := x.attribute(typeBitmap)
	if err != nil {
		return err
	}
	size := (count + 63) / 64 * 8
	switch {
	case a.resident:
		b := residentAttribute(typeBitmap, fileIndex, a.id, false, append(slices.Clone(a.value), make([]byte, size-a.size)...))
		if !x.rec.replace(a, b) {
			return x.full(nil)
		}
	case size <= x.bitmap.allocated:
		zeros := make([]byte, size-x.bitmap.initialized)
		if err := x.t.putStream(x.bitmap, x.bitmap.initialized, zeros, StageAllocate, 0); err != nil {
			return err
		}
		if !x.rec.replace(a, rewriteRuns(a, x.bitmap.runs, size, size, x.t.cluster)) {
			return x.full(nil)
		}
	default:
		return x.full(nil)
	}
	return x.reload()
}

// setBlock changes the bit of a block.
func (x *tree) setBlock(vcn int64, used bool) error {
	i := vcn * x.unit / x.block
	if i/8 >= min(x.bitmap.size, x.bitmap.initialized) {
		return damaged("record %d: index block %d has no bit", x.file.number, i)
	}
	var b [1]byte
	if err := x.t.readStream(x.bitmap, b[:], i/8); err != nil {
		return err
	}
	mask := byte(1) << (i % 8)
	if b[0]&mask != 0 == used {
		return damaged("record %d: bit of index block %d", x.file.number, i)
	}
	b[0] ^= mask
	if !x.bitmap.attr.resident {
		return x.t.putStream(x.bitmap, i/8, b[:], x.stage, 0)
	}
	a, err := x.attribute(typeBitmap)
	if err != nil {
		return err
	}
	a.value[i/8] = b[0]
	return x.reload()
}
