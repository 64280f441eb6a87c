package ntfs

import "slices"

// tree is a directory's index that is being changed: nodes are changed in memory and written by flush.
type tree struct {
	*index
	t     *Tx
	stage Stage
	rec   *record // the directory's record, a copy that is changed
	dirty map[int64]*node
	freed []int64 // VCNs of blocks that are not used any more
}

func (t *Tx) tree(dir *inode, stage Stage) (*tree, error) {
	x, err := t.index(dir, fileIndex, typeFileName, collateFileName)
	if err != nil {
		return nil, err
	}
	return &tree{index: x, t: t, stage: stage, rec: dir.clone(), dirty: map[int64]*node{}}, nil
}

// load reads a node, or returns the one that was changed.
func (x *tree) load(vcn int64) (*node, error) {
	if n := x.dirty[vcn]; n != nil {
		return n, nil
	}
	return x.node(vcn)
}

func (x *tree) mark(n *node) { x.dirty[n.vcn] = n }

// capacity is how long a node in a block may be, from its header on.
func (x *tree) capacity() int { return int(x.block) - blockHeader }

// insert adds an entry at the place in a leaf where find ended.
func (x *tree) insert(path []step, e entry) error {
	last := path[len(path)-1]
	last.node.entries = slices.Insert(last.node.entries, last.at, e)
	x.mark(last.node)
	return x.settle(path)
}

// remove takes out the entry where find ended. In a branch, the last entry before it takes its place.
func (x *tree) remove(path []step) error {
	at := path[len(path)-1]
	if at.node.leaf() {
		at.node.entries = slices.Delete(at.node.entries, at.at, at.at+1)
		x.mark(at.node)
		return x.settle(path)
	}
	n := at.node
	for !n.leaf() {
		if len(path) >= maxDepth {
			return damaged("record %d: an index of more than %d levels", x.file.number, maxDepth)
		}
		child := n.children[len(n.entries)]
		if n == at.node {
			child = n.children[at.at]
		} else {
			path[len(path)-1].at = len(n.entries)
		}
		next, err := x.load(child)
		if err != nil {
			return err
		}
		n = next
		path = append(path, step{n, len(n.entries)})
	}
	if len(n.entries) == 0 {
		return refuse(DirectoryFull, "record %d: an empty leaf", x.file.number)
	}
	at.node.entries[at.at] = n.entries[len(n.entries)-1]
	n.entries = n.entries[:len(n.entries)-1]
	x.mark(at.node)
	x.mark(n)
	return x.settle(path)
}

// settle goes up from a changed leaf: a node without entries is joined with a sibling, one that is too long is split.
func (x *tree) settle(path []step) error {
	for level := len(path) - 1; level > 0; level-- {
		n, up := path[level].node, path[level-1]
		if len(n.entries) == 0 {
			joined, at, err := x.join(n, up.node, up.at, level-1 == 0)
			if err != nil {
				return err
			}
			if joined == nil {
				continue
			}
			n, up.at = joined, at
		}
		for x.dirty[n.vcn] != nil && n.size() > x.capacity() {
			right, err := x.split(n, up.node, up.at)
			if err != nil {
				return err
			}
			n, up.at = right, up.at+1 // the left half fits; the right one may have to be split again
		}
	}
	return nil
}

// join takes a node without entries out of the tree. What it has, one child in a branch, and the entry of the parent beside it go
// to a sibling, which is returned with its place in the parent. Where the parent is the root and has no other child, it
// becomes what the node was.
func (x *tree) join(n, parent *node, at int, root bool) (*node, int, error) {
	x.drop(n)
	x.mark(parent)
	if len(parent.entries) == 0 {
		if !root {
			return nil, 0, refuse(DirectoryFull, "record %d: a branch without entries", x.file.number)
		}
		parent.children = n.children
		return nil, 0, nil
	}
	first := at < len(parent.entries) // the sibling is behind the node, not before it
	beside := at - 1
	if first {
		beside = at + 1
	}
	sibling, err := x.load(parent.children[beside])
	if err != nil {
		return nil, 0, err
	}
	if sibling.leaf() != n.leaf() {
		return nil, 0, damaged("record %d: an index with leaves at two levels", x.file.number)
	}
	x.mark(sibling)
	between := min(at, beside)
	e := parent.entries[between]
	parent.entries = slices.Delete(parent.entries, between, between+1)
	parent.children = slices.Delete(parent.children, at, at+1)
	if first {
		sibling.entries = slices.Insert(sibling.entries, 0, e)
		sibling.children = slices.Insert(sibling.children, 0, n.children...)
	} else {
		sibling.entries = append(sibling.entries, e)
		sibling.children = append(sibling.children, n.children...)
	}
	if sibling.leaf() {
		sibling.children = nil
	}
	return sibling, between, nil
}

// split moves the upper half of a node into a new block, and the entry between the halves into the parent.
func (x *tree) split(n, parent *node, at int) (*node, error) {
	if len(n.entries) < 3 {
		return nil, refuse(DirectoryFull, "record %d: names too long for an index block", x.file.number)
	}
	middle := halfway(n)
	right, err := x.newBlock()
	if err != nil {
		return nil, err
	}
	up := n.entries[middle]
	right.entries = slices.Clone(n.entries[middle+1:])
	n.entries = slices.Clone(n.entries[:middle])
	if !n.leaf() {
		right.children = slices.Clone(n.children[middle+1:])
		n.children = slices.Clone(n.children[:middle+1])
	}
	parent.entries = slices.Insert(parent.entries, at, up)
	parent.children = slices.Insert(parent.children, at+1, right.vcn)
	x.mark(n)
	x.mark(right)
	x.mark(parent)
	return right, nil
}

// halfway returns the entry in the middle of a node by bytes, with at least one on each side.
func halfway(n *node) int {
	half, sum := n.size()/2, n.first
	for i, e := range n.entries {
		if sum += len(e); sum >= half {
			return min(max(i, 1), len(n.entries)-2)
		}
	}
	return len(n.entries) / 2
}

// drop takes a block out of use.
func (x *tree) drop(n *node) {
	delete(x.dirty, n.vcn)
	x.freed = append(x.freed, n.vcn)
}

// flush writes the nodes that were changed, the blocks' bitmap, and the directory's record if anything in it changed.
func (x *tree) flush() error {
	if root := x.dirty[rootNode]; root != nil {
		if err := x.flushRoot(root); err != nil {
			return err
		}
	}
	for _, vcn := range x.freed {
		if err := x.setBlock(vcn, false); err != nil {
			return err
		}
	}
	for vcn, n := range x.dirty {
		if vcn == rootNode {
			continue
		}
		n.serialize(n.raw[blockHeader:])
		b := slices.Clone(n.raw)
		protect(b)
		if err := x.t.putStream(x.blocks, vcn*x.unit, b, x.stage, 0); err != nil {
			return err
		}
	}
	if slices.Equal(x.rec.b, x.file.b) {
		return nil
	}
	return x.t.writeRecord(x.rec, x.stage, 0)
}

// flushRoot puts the root into the record. Where it does not fit, its entries move into a block below it, and the root keeps
// nothing but the way there.
func (x *tree) flushRoot(root *node) error {
	for range 3 {
		if ok, err := x.putRoot(root); ok || err != nil {
			return err
		}
		below := &node{entries: root.entries, children: root.children}
		root.entries, root.children = nil, []int64{0}
		if ok, err := x.putRoot(root); !ok || err != nil { // makes room in the record first
			return x.full(err)
		}
		block, err := x.newBlock()
		if err != nil {
			return err
		}
		block.entries, block.children = below.entries, below.children
		root.children[0] = block.vcn
		x.mark(block)
		for n, at := block, 0; n.size() > x.capacity(); at++ {
			if n, err = x.split(n, root, at); err != nil {
				return err
			}
		}
	}
	return x.full(nil)
}

func (x *tree) full(err error) error {
	if err != nil {
		return err
	}
	return refuse(DirectoryFull, "record %d", x.file.number)
}

func (x *tree) putRoot(root *node) (bool, error) {
	a, err := x.attribute(typeIndexRoot)
	if err != nil {
		return false, err
	}
	value := make([]byte, 16+root.size())
	copy(value, a.value[:16])
	root.serialize(value[16:])
	b := residentAttribute(typeIndexRoot, fileIndex, a.id, false, value)
	b[22] = a.in.b[a.off+22]
	if !x.rec.replace(a, b) {
		return false, nil
	}
	return true, x.reload() // the bitmap may stand behind it in the record
}

// attribute returns an attribute of the index in the changed record. With an attribute list, it may stand in another record:
// that is refused.
func (x *tree) attribute(typ uint32) (*attribute, error) {
	if x.file.listed {
		return nil, refuse(DirectoryFull, "record %d has an attribute list", x.file.number)
	}
	attrs, err := x.rec.attributes(&x.t.geometry)
	if err != nil {
		return nil, err
	}
	i := inode{record: x.rec, attrs: attrs}
	a := i.first(typ, fileIndex)
	if a == nil {
		return nil, damaged("record %d: index without attribute %#x", x.file.number, typ)
	}
	return a, nil
}
