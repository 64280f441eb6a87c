package regf

import (
	"slices"
	"sort"
)

// leaf is one index leaf of a subkey list (docs/internals/regf.md §1.5): li (offsets), lf (offset and hint) or lh
// (offset and hash).
type leaf struct {
	cell    uint32
	rel     uint32
	kind    string
	count   uint32
	payload uint32
	raw     []byte // count entries
}

func (l *leaf) stride() uint32 {
	if l.kind == "li" {
		return 4
	}
	return 8
}

func (l *leaf) child(i uint32) uint32 { return le.Uint32(l.raw[i*l.stride():]) }

// tag is the hint or hash of entry i.
func (l *leaf) tag(i uint32) uint32 { return le.Uint32(l.raw[i*8+4:]) }

// tagOf is the hint or hash that name has in this leaf; ok is false when the leaf has none.
func (l *leaf) tagOf(name []uint16) (tag uint32, ok bool) {
	switch l.kind {
	case "lh":
		return nameHash(name), true
	case "lf":
		return nameHint(name), true
	}
	return 0, false
}

func (l *leaf) capacity() uint32 {
	limit := uint32(maxLeafEntries)
	if l.kind == "lf" {
		limit = maxLFLeafEntries
	}
	return min((l.payload-4)/l.stride(), limit)
}

func (h *Hive) leaf(cell uint32) (*leaf, error) {
	rel, length, err := h.payload(cell)
	if err != nil {
		return nil, err
	}
	if length < 4 {
		return nil, corrupt(cell, "the subkey list is too short")
	}
	b, err := h.view(rel, 4)
	if err != nil {
		return nil, err
	}
	l := &leaf{cell: cell, rel: rel, kind: string(b[:2]), count: uint32(le.Uint16(b[2:])), payload: length}
	switch l.kind {
	case "li", "lf", "lh":
	default:
		return nil, corrupt(cell, "unknown kind of subkey list %q", l.kind)
	}
	if 4+l.count*l.stride() > length {
		return nil, corrupt(cell, "the subkey list counts %d entries, more than its cell holds", l.count)
	}
	raw, err := h.view(rel+4, l.count*l.stride())
	if err != nil {
		return nil, err
	}
	l.raw = slices.Clone(raw)
	return l, nil
}

// rootIndex returns the cells of the leaves below a subkey list, and whether the list is an ri (else it is a leaf itself).
func (h *Hive) rootIndex(list uint32) (leaves []uint32, isRoot bool, err error) {
	rel, length, err := h.payload(list)
	if err != nil {
		return nil, false, err
	}
	if length < 4 {
		return nil, false, corrupt(list, "the subkey list is too short")
	}
	b, err := h.view(rel, 4)
	if err != nil {
		return nil, false, err
	}
	if string(b[:2]) != "ri" {
		return []uint32{list}, false, nil
	}
	n := uint32(le.Uint16(b[2:]))
	if 4+4*n > length {
		return nil, false, corrupt(list, "the root index counts %d leaves, more than its cell holds", n)
	}
	raw, err := h.view(rel+4, 4*n)
	if err != nil {
		return nil, false, err
	}
	seen := make(map[uint32]bool, n)
	for i := range n {
		c := le.Uint32(raw[4*i:])
		if seen[c] {
			return nil, false, corrupt(list, "the root index names a leaf twice")
		}
		seen[c] = true
		leaves = append(leaves, c)
	}
	return leaves, true, nil
}

// subkeyCells returns the cells of all direct subkeys in order; the count must be the one the key records.
func (h *Hive) subkeyCells(key uint32) ([]uint32, error) {
	n, err := h.node(key)
	if err != nil {
		return nil, err
	}
	if n.subkeys == 0 {
		return nil, nil
	}
	leaves, _, err := h.rootIndex(n.subkeyList)
	if err != nil {
		return nil, err
	}
	var out []uint32
	seen := map[uint32]bool{}
	for _, c := range leaves {
		l, err := h.leaf(c)
		if err != nil {
			return nil, err
		}
		if uint64(len(out))+uint64(l.count) > uint64(n.subkeys) {
			return nil, corrupt(key, "the subkey lists hold more than the %d keys that are counted", n.subkeys)
		}
		for i := range l.count {
			child := l.child(i)
			if seen[child] || child == key {
				return nil, corrupt(c, "the subkey list names a key twice")
			}
			seen[child] = true
			out = append(out, child)
		}
	}
	if uint32(len(out)) != n.subkeys {
		return nil, corrupt(key, "the subkey lists hold %d keys, %d are counted", len(out), n.subkeys)
	}
	return out, nil
}

// position is where a name stands, or would stand, in a subkey list.
type position struct {
	key    uint32 // the key whose subkey it is
	list   uint32 // the key's subkey list, nilCell when there is none
	isRoot bool
	leaves []uint32
	leafAt int // index in leaves
	leaf   *leaf
	index  uint32 // entry in leaf
	child  *node  // the key found, nil for an insertion point
}

// findSubkey finds a subkey by name. When there is none it returns ErrNotFound together with the insertion point.
func (h *Hive) findSubkey(n *node, name []uint16) (position, error) {
	pos := position{list: nilCell, key: n.cell}
	if n.subkeys == 0 {
		return pos, ErrNotFound
	}
	pos.list = n.subkeyList
	var err error
	if pos.leaves, pos.isRoot, err = h.rootIndex(n.subkeyList); err != nil {
		return pos, err
	}
	if len(pos.leaves) == 0 {
		return pos, corrupt(n.subkeyList, "the root index is empty")
	}
	if err := h.chooseLeaf(&pos, name); err != nil {
		return pos, err
	}
	if found, err := h.findByTag(&pos, name); found || err != nil {
		return pos, err
	}
	return pos, h.findBySearch(&pos, name)
}

// childNode reads a key that an index names. One that belongs to another key is damage: what a search compares with it, and
// what would be inserted beside it, could not be relied on.
func (h *Hive) childNode(key, cell uint32) (*node, error) {
	n, err := h.node(cell)
	if err == nil && n.parent != key {
		return nil, notBelow(n)
	}
	return n, err
}

func notBelow(n *node) error { return corrupt(n.cell, "the key does not point back to its parent") }

// chooseLeaf picks the last leaf whose first key is not greater than name.
func (h *Hive) chooseLeaf(pos *position, name []uint16) error {
	var failure error
	at := sort.Search(len(pos.leaves), func(i int) bool {
		if failure != nil {
			return true
		}
		l, err := h.leaf(pos.leaves[i])
		if err == nil && l.count == 0 {
			err = corrupt(l.cell, "an index leaf is empty")
		}
		if err != nil {
			failure = err
			return true
		}
		if len(pos.leaves) == 1 {
			return false
		}
		first, err := h.childNode(pos.key, l.child(0))
		if err != nil {
			failure = err
			return true
		}
		return compareNames(first.name, name) > 0
	})
	if failure != nil {
		return failure
	}
	pos.leafAt = max(at-1, 0)
	var err error
	pos.leaf, err = h.leaf(pos.leaves[pos.leafAt])
	return err
}

// findByTag scans the hashes or hints of the leaf, so that only keys that may match are read.
func (h *Hive) findByTag(pos *position, name []uint16) (bool, error) {
	l := pos.leaf
	if l.kind != "lh" {
		return false, nil
	}
	want, _ := l.tagOf(name)
	for i := range l.count {
		if l.tag(i) != want {
			continue
		}
		n, err := h.childNode(pos.key, l.child(i))
		if err != nil {
			return false, err
		}
		if compareNames(n.name, name) == 0 {
			pos.index, pos.child = i, n
			return true, nil
		}
	}
	return false, nil
}

func (h *Hive) findBySearch(pos *position, name []uint16) error {
	l := pos.leaf
	var failure error
	pos.index = uint32(sort.Search(int(l.count), func(i int) bool {
		if failure != nil {
			return true
		}
		n, err := h.childNode(pos.key, l.child(uint32(i)))
		if err != nil {
			failure = err
			return true
		}
		c := compareNames(n.name, name)
		if c == 0 {
			pos.child = n
		}
		return c >= 0
	}))
	switch {
	case failure != nil:
		return failure
	case pos.child != nil:
		return nil
	}
	return ErrNotFound
}
