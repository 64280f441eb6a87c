package ntfs

import (
	"cmp"
	"slices"
)

// An index is a B-tree of entries: the root node is a resident attribute, the others are INDX blocks of $INDEX_ALLOCATION, each
// with a bit in the index' $BITMAP. Directories ($I30) and $Secure ($SII) are read the same way.

// entry is one index entry without its child pointer: reference 8 bytes (or where the data of a view index are), length 2,
// key length 2, flags 2, 2 unused, key, data.
type entry []byte

func (e entry) reference() uint64 { return u64(e, 0) }
func (e entry) key() []byte       { return e[16 : 16+int(u16(e, 10))] }

const (
	entryHasChild = 1
	entryIsLast   = 2
	entryHeader   = 16
)

// node is one node in memory: children[i] is the block before entries[i], and the last one that behind all.
type node struct {
	vcn      int64 // of its block; rootNode for the root
	entries  []entry
	children []int64 // nil in a leaf
	first    int     // bytes from the node header to the first entry
	raw      []byte  // the block as read, nil for the root
}

const rootNode = -1

// nodeHeader is the length of: offset of the first entry, bytes used and allocated (all from here), flags; 4 bytes each.
const nodeHeader = 16

func (n *node) leaf() bool { return n.children == nil }

// parseNode reads a node whose header is at the beginning of b.
func parseNode(b []byte) (*node, error) {
	if len(b) < nodeHeader {
		return nil, damaged("index node: %d bytes", len(b))
	}
	first, total, allocated := int64(u32(b, 0)), int64(u32(b, 4)), int64(u32(b, 8))
	if first < nodeHeader || first%8 != 0 || total > allocated || allocated > int64(len(b)) || first > total {
		return nil, damaged("index node: header %d, %d, %d of %d", first, total, allocated, len(b))
	}
	n := &node{first: int(first)}
	branch := b[12]&1 != 0
	for rest := b[first:total]; ; {
		e, child, err := parseEntry(rest, branch)
		if err != nil {
			return nil, err
		}
		if branch {
			n.children = append(n.children, child)
		}
		length := int(u16(rest, 8))
		if u16(rest, 12)&entryIsLast != 0 {
			if length != len(rest) {
				return nil, damaged("index node: %d bytes behind the last entry", len(rest)-length)
			}
			return n, nil
		}
		n.entries = append(n.entries, e)
		rest = rest[length:]
	}
}

// parseEntry returns a copy of the entry at the beginning of b, and its child.
func parseEntry(b []byte, branch bool) (entry, int64, error) {
	if len(b) < entryHeader {
		return nil, 0, damaged("index node: entries run out")
	}
	length, key, flags := int(u16(b, 8)), int(u16(b, 10)), u16(b, 12)
	own := length
	if branch {
		own -= 8
	}
	switch {
	case length > len(b), length%8 != 0, own < entryHeader,
		flags&entryIsLast == 0 && entryHeader+key > own,
		flags&entryHasChild != 0 != branch, flags&^(entryHasChild|entryIsLast) != 0:
		return nil, 0, damaged("index entry: length %d, key %d, flags %d", length, key, flags)
	}
	e := entry(slices.Clone(b[:own]))
	put16(e, 8, uint16(own))
	put16(e, 12, flags&^entryHasChild)
	if !branch {
		return e, 0, nil
	}
	child := i64(b, own)
	if child < 0 {
		return nil, 0, damaged("index entry: child %d", child)
	}
	return e, child, nil
}

// size returns the length of the node from its header on, when serialized.
func (n *node) size() int {
	size := n.first + entryHeader
	if !n.leaf() {
		size += 8 * (len(n.entries) + 1)
	}
	for _, e := range n.entries {
		size += len(e)
	}
	return size
}

// serialize writes the node from its header on into b, which is as long as is allocated to it, and zeroes the rest.
func (n *node) serialize(b []byte) {
	put32(b, 0, uint32(n.first))
	put32(b, 4, uint32(n.size()))
	put32(b, 8, uint32(len(b)))
	put32(b, 12, 0)
	if !n.leaf() {
		b[12] = 1
	}
	at := n.first
	last := make(entry, entryHeader)
	put16(last, 12, entryIsLast)
	for i, e := range append(slices.Clip(n.entries), last) {
		copy(b[at:], e)
		length := len(e)
		if !n.leaf() {
			put64(b, at+length, uint64(n.children[i]))
			b[at+12] |= entryHasChild
			length += 8
		}
		put16(b, at+8, uint16(length))
		at += length
	}
	clear(b[at:])
}

// index is an index of a file, opened.
type index struct {
	r      *reader
	file   *inode
	name   string
	root   *attribute
	blocks *stream // $INDEX_ALLOCATION; nil when there is none
	bitmap *stream
	block  int64 // bytes of a block
	unit   int64 // bytes that a VCN counts: clusters, or 512 where a block is smaller than a cluster
}

// Collation rules of indexes that are read here.
const (
	collateFileName = 1
	collateUlong    = 0x10
)

// blockHeader is where the node header begins in an INDX block.
const blockHeader = 24

func (r *reader) index(file *inode, name string, indexed, rule uint32) (*index, error) {
	root := file.first(typeIndexRoot, name)
	if root == nil || !root.resident || len(root.value) < 16+nodeHeader+entryHeader {
		return nil, damaged("record %d has no index %s", file.number, name)
	}
	v := root.value
	x := &index{r: r, file: file, name: name, root: root, block: int64(u32(v, 8)), unit: sectorSize}
	if u32(v, 0) != indexed || u32(v, 4) != rule ||
		!isPowerOfTwo(x.block) || x.block < sectorSize || x.block > 65536 {
		return nil, damaged("record %d: index %s has blocks of %d bytes", file.number, name, x.block)
	}
	if x.block >= r.cluster {
		x.unit = r.cluster
	}
	var err error
	if x.blocks, err = file.stream(typeIndexAllocation, name); err != nil {
		return nil, err
	}
	if x.bitmap, err = file.stream(typeBitmap, name); err != nil {
		return nil, err
	}
	if x.blocks == nil {
		return x, nil
	}
	if x.bitmap == nil || x.blocks.attr.resident || x.blocks.attr.flags != 0 || !x.blocks.covered(r.cluster) {
		return nil, damaged("record %d: index %s has blocks without a bitmap", file.number, name)
	}
	return x, nil
}

func (x *index) rootNode() (*node, error) {
	n, err := parseNode(x.root.value[16:])
	if err != nil {
		return nil, inRecord(x.file.number, err)
	}
	n.vcn = rootNode
	return n, nil
}

// node reads the block that a child pointer means.
func (x *index) node(vcn int64) (*node, error) {
	if x.blocks == nil || vcn > 1<<40 {
		return nil, damaged("record %d: index block %d", x.file.number, vcn)
	}
	off := vcn * x.unit
	if off%x.block != 0 || off > min(x.blocks.size, x.blocks.initialized)-x.block {
		return nil, damaged("record %d: index block %d of %d bytes", x.file.number, vcn, x.blocks.size)
	}
	set, err := x.bit(off / x.block)
	if err != nil {
		return nil, err
	}
	b := make([]byte, x.block)
	if err := x.r.readStream(x.blocks, b, off); err != nil {
		return nil, err
	}
	if err := unprotect(b, "INDX"); err != nil {
		return nil, inRecord(x.file.number, err)
	}
	if !set || i64(b, 16) != vcn {
		return nil, damaged("record %d: index block %d is not in use or another", x.file.number, vcn)
	}
	n, err := parseNode(b[blockHeader:])
	if err != nil {
		return nil, inRecord(x.file.number, err)
	}
	if usa := int(u16(b, offUSA)) + 2*int(u16(b, offUSA+2)); usa > blockHeader+n.first {
		return nil, damaged("record %d: index block %d overlaps itself", x.file.number, vcn)
	}
	n.vcn, n.raw = vcn, b
	return n, nil
}

// bit returns the bit of a block in the index' bitmap; past its end there are none.
func (x *index) bit(i int64) (bool, error) {
	if i/8 >= x.bitmap.size {
		return false, nil
	}
	var b [1]byte
	err := x.r.readStream(x.bitmap, b[:], i/8)
	return b[0]>>(i%8)&1 != 0, err
}

// step is a node on the way down a tree and a place in it: an entry, or the child before it.
type step struct {
	node *node
	at   int
}

const maxDepth = 24

// find walks from the root to the entry for which compare returns 0, or to the place in a leaf where it would be. Entries that
// are out of order on the way are an error.
func (x *index) find(compare func(entry) (int, error)) (path []step, found bool, err error) {
	n, err := x.rootNode()
	for len(path) < maxDepth {
		if err != nil {
			return nil, false, err
		}
		at, equal, err := place(n, compare)
		if err != nil {
			return nil, false, inRecord(x.file.number, err)
		}
		path = append(path, step{n, at})
		if equal || n.leaf() {
			return path, equal, nil
		}
		n, err = x.node(n.children[at])
		if err != nil {
			return nil, false, err
		}
	}
	return nil, false, damaged("record %d: an index of more than %d levels", x.file.number, maxDepth)
}

// place returns the first entry that is not before what is searched for.
func place(n *node, compare func(entry) (int, error)) (at int, equal bool, err error) {
	at = len(n.entries)
	passed := false
	for i, e := range n.entries {
		c, err := compare(e)
		if err != nil {
			return 0, false, err
		}
		if passed && c <= 0 {
			return 0, false, damaged("an index that is out of order")
		}
		if !passed && c >= 0 {
			at, equal, passed = i, c == 0, true
		}
	}
	return at, equal, nil
}

// maxBlocks bounds a walk over all of an index: 512 MiB of blocks of the usual size.
const maxBlocks = 1 << 17

// walk calls do for every entry in order. A block that is reached twice is an error.
func (x *index) walk(do func(entry) error) error {
	root, err := x.rootNode()
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	return x.walkNode(root, 1, seen, do)
}

func (x *index) walkNode(n *node, depth int, seen map[int64]bool, do func(entry) error) error {
	for i := range len(n.entries) + 1 {
		if !n.leaf() {
			child := n.children[i]
			if seen[child] || depth >= maxDepth || len(seen) >= maxBlocks {
				return damaged("record %d: index block %d twice, or too many", x.file.number, child)
			}
			seen[child] = true
			next, err := x.node(child)
			if err != nil {
				return err
			}
			if err := x.walkNode(next, depth+1, seen, do); err != nil {
				return err
			}
		}
		if i < len(n.entries) {
			if err := do(n.entries[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// byName compares names with the key of a directory entry.
func (r *reader) byName(name []uint16) func(entry) (int, error) {
	return func(e entry) (int, error) {
		f, err := parseFileName(e.key())
		if err != nil {
			return 0, err
		}
		return r.compareNames(f.units(), name), nil
	}
}

// byNumber compares a number with the key of an entry of $SII.
func byNumber(id uint32) func(entry) (int, error) {
	return func(e entry) (int, error) {
		if len(e.key()) != 4 {
			return 0, damaged("a security id of %d bytes", len(e.key()))
		}
		return cmp.Compare(u32(e.key(), 0), id), nil
	}
}
