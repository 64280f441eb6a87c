package regf

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// Key is a key of an open hive. It stays valid while the key is not deleted.
type Key struct {
	h     *Hive
	cell  uint32
	path  *pathNode // nil for the root
	depth int
}

// pathNode is the last name in the path of a key, and the names before it. Paths are put together only on demand: in a
// deep tree, many long ones would fill the memory.
type pathNode struct {
	parent *pathNode
	name   string
}

// node is a parsed nk record.
type node struct {
	cell, rel                      uint32
	flags                          uint16
	layered                        byte
	parent                         uint32
	subkeys, subkeyList            uint32
	values, valueList              uint32
	security, class                uint32
	lastWrite                      uint64
	maxSubkeyName, maxClass        uint32
	maxValueName, maxValueData     uint32
	name                           []uint16
	nameLen, classLen, payloadSize uint32
}

func (h *Hive) node(cell uint32) (*node, error) {
	rel, b, length, err := h.record(cell, "nk", nkName)
	if err != nil {
		return nil, err
	}
	n := &node{
		cell: cell, rel: rel, payloadSize: length,
		flags:   le.Uint16(b[nkFlags:]),
		layered: b[nkLayered],
		parent:  le.Uint32(b[nkParent:]), lastWrite: le.Uint64(b[nkLastWrite:]),
		subkeys: le.Uint32(b[nkSubkeys:]), subkeyList: le.Uint32(b[nkSubkeyList:]),
		values: le.Uint32(b[nkValues:]), valueList: le.Uint32(b[nkValueList:]),
		security: le.Uint32(b[nkSecurity:]), class: le.Uint32(b[nkClass:]),
		maxSubkeyName: uint32(le.Uint16(b[nkMaxSubkeyName:])), maxClass: le.Uint32(b[nkMaxClass:]),
		maxValueName: le.Uint32(b[nkMaxValueName:]), maxValueData: le.Uint32(b[nkMaxValueData:]),
		nameLen: uint32(le.Uint16(b[nkNameLen:])), classLen: uint32(le.Uint16(b[nkClassLen:])),
	}
	if n.flags&flagPredefined != 0 { // the value count holds a handle
		n.values, n.valueList = 0, nilCell
	}
	if nkName+n.nameLen > length {
		return nil, corrupt(cell, "the key's name reaches beyond its cell")
	}
	compressed := n.flags&flagCompressed != 0
	if !compressed && n.nameLen%2 != 0 {
		return nil, corrupt(cell, "the key's name has an odd length")
	}
	if units := n.nameLen; compressed && units > maxKeyName || units > 2*maxKeyName {
		return nil, corrupt(cell, "the key's name is longer than %d characters", maxKeyName)
	}
	raw, err := h.view(rel+nkName, n.nameLen)
	if err != nil {
		return nil, err
	}
	n.name = parseName(raw, compressed)
	return n, nil
}

// Root returns the root key, whose path is empty.
func (h *Hive) Root() (Key, error) {
	cell := h.base.u32(baseRootCell)
	if _, err := h.node(cell); err != nil {
		return Key{}, err
	}
	return Key{h: h, cell: cell}, nil
}

// Key finds a key by its path from the root, such as `Select` or `ControlSet001\Control`, without regard to case. The
// empty path is the root. It returns ErrNotFound when there is none.
func (h *Hive) Key(path string) (Key, error) {
	k, err := h.Root()
	for _, name := range splitPath(path) {
		if err != nil {
			return Key{}, err
		}
		k, err = k.Subkey(name)
	}
	return k, err
}

func splitPath(path string) []string {
	path = strings.Trim(path, `\`)
	if path == "" {
		return nil
	}
	return strings.Split(path, `\`)
}

// Path returns the path from the root, without a leading backslash; it is empty for the root.
func (k Key) Path() string {
	var names []string
	for p := k.path; p != nil; p = p.parent {
		names = append(names, p.name)
	}
	slices.Reverse(names)
	return strings.Join(names, `\`)
}

// Name returns the last component of the path as it is stored; for the root, the name that the hive gives it.
func (k Key) Name() string {
	n, err := k.h.node(k.cell)
	if err != nil {
		return ""
	}
	return decodeName(n.name)
}

// LastWrite returns when the key was last changed.
func (k Key) LastWrite() (time.Time, error) {
	n, err := k.h.node(k.cell)
	if err != nil {
		return time.Time{}, err
	}
	const epoch = 116444736000000000
	return time.Unix(0, (int64(n.lastWrite)-epoch)*100).UTC(), nil
}

// Class returns the key's class name, usually empty.
func (k Key) Class() (string, error) {
	n, err := k.h.node(k.cell)
	if err != nil || n.classLen == 0 || n.class == nilCell {
		return "", err
	}
	rel, length, err := k.h.payload(n.class)
	if err != nil {
		return "", err
	}
	if n.classLen > length {
		return "", corrupt(n.class, "the class name reaches beyond its cell")
	}
	b, err := k.h.view(rel, n.classLen)
	if err != nil {
		return "", err
	}
	return decodeName(parseName(b, false)), nil
}

// Subkey finds a direct subkey without regard to case, or ErrNotFound.
func (k Key) Subkey(name string) (Key, error) {
	n, err := k.h.node(k.cell)
	if err != nil {
		return Key{}, err
	}
	at, err := k.h.findSubkey(n, encodeName(name))
	if err != nil {
		return Key{}, err
	}
	return k.child(at.child)
}

func (k Key) child(n *node) (Key, error) {
	if n.parent != k.cell {
		return Key{}, notBelow(n)
	}
	if k.depth+1 > maxDepth {
		return Key{}, corrupt(n.cell, "keys are nested deeper than %d levels", maxDepth)
	}
	return Key{h: k.h, cell: n.cell, path: &pathNode{k.path, decodeName(n.name)}, depth: k.depth + 1}, nil
}

// Subkeys yields the direct subkeys in the order of the index. It stops at the first damage. Every key points back to one
// parent and may stand in an index only once, so a walk of any hive ends.
func (k Key) Subkeys() iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		cells, err := k.h.subkeyCells(k.cell)
		if err != nil {
			yield(Key{}, err)
			return
		}
		for _, c := range cells {
			n, err := k.h.node(c)
			if err != nil {
				yield(Key{}, err)
				return
			}
			sub, err := k.child(n)
			if !yield(sub, err) || err != nil {
				return
			}
		}
	}
}

// SubkeyCount returns the number of direct subkeys as the key records it.
func (k Key) SubkeyCount() (int, error) {
	n, err := k.h.node(k.cell)
	if err != nil {
		return 0, err
	}
	return int(n.subkeys), nil
}
