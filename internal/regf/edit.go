package regf

import (
	"errors"
	"fmt"
)

// edit runs one change. A change that fails after it has touched the overlay leaves the hive unfit for a commit; the
// files are untouched.
func (h *Hive) edit(change func() error) error {
	if h.broken != nil {
		return h.broken
	}
	before := h.puts
	err := change()
	if err != nil && h.puts != before {
		h.broken = fmt.Errorf("an earlier change failed half-way: %w", err)
	}
	return err
}

// CreateKey makes sure that the key exists, creating missing components of its path. A key that is created gets the
// given self-relative security descriptor, or its parent's when descriptor is nil; a key that exists keeps its own.
func (h *Hive) CreateKey(path string, descriptor []byte) (k Key, created bool, err error) {
	err = h.edit(func() error {
		if k, err = h.Root(); err != nil {
			return err
		}
		for _, name := range splitPath(path) {
			sub, made, err := k.makeSubkey(name, descriptor)
			if err != nil {
				return err
			}
			k, created = sub, created || made
		}
		return nil
	})
	return k, created, err
}

// CreateSubkey makes sure that a direct subkey exists, with the descriptor rule of [Hive.CreateKey].
func (k Key) CreateSubkey(name string, descriptor []byte) (sub Key, created bool, err error) {
	err = k.h.edit(func() error {
		sub, created, err = k.makeSubkey(name, descriptor)
		return err
	})
	return sub, created, err
}

func (k Key) makeSubkey(name string, descriptor []byte) (sub Key, created bool, err error) {
	sub, err = k.Subkey(name)
	if errors.Is(err, ErrNotFound) {
		created = true
		sub, err = k.h.createSubkey(k, name, descriptor)
	}
	return sub, created, err
}

func checkKeyName(name []uint16) error {
	if len(name) == 0 || len(name) > maxKeyName {
		return fmt.Errorf("%w: a key name of %d characters (1 to %d)", ErrInvalid, len(name), maxKeyName)
	}
	for _, c := range name {
		if c == 0 || c == '\\' {
			return fmt.Errorf("%w: the key name %q", ErrInvalid, decodeName(name))
		}
	}
	return nil
}

func (h *Hive) createSubkey(parent Key, name string, descriptor []byte) (Key, error) {
	units := encodeName(name)
	if err := checkKeyName(units); err != nil {
		return Key{}, err
	}
	if parent.depth+1 > maxDepth {
		return Key{}, fmt.Errorf("%w: more than %d levels of keys", ErrInvalid, maxDepth)
	}
	p, err := h.editableNode(parent.cell)
	if err != nil {
		return Key{}, err
	}
	pos, err := h.findSubkey(p, units)
	if !errors.Is(err, ErrNotFound) {
		return Key{}, cmpErr(err, corrupt(parent.cell, "the subkey exists already"))
	}
	cell, err := h.newNode(p, units, descriptor)
	if err != nil {
		return Key{}, err
	}
	if err := h.insertSubkey(p, pos, cell, units); err != nil {
		return Key{}, err
	}
	if err := h.putU32(p.rel+nkSubkeys, p.subkeys+1); err != nil {
		return Key{}, err
	}
	if n := uint32(2 * len(units)); n > p.maxSubkeyName {
		if err := h.putU16(p.rel+nkMaxSubkeyName, uint16(n)); err != nil {
			return Key{}, err
		}
	}
	if err := h.touch(p); err != nil {
		return Key{}, err
	}
	n, err := h.node(cell)
	if err != nil {
		return Key{}, err
	}
	return parent.child(n)
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// editableNode returns a key that may be changed: a real, allocated one without predefined handle or layering tombstone.
func (h *Hive) editableNode(cell uint32) (*node, error) {
	n, err := h.node(cell)
	if err != nil {
		return nil, err
	}
	if n.flags&flagPredefined != 0 || n.layered&3 != 0 {
		return nil, fmt.Errorf("%w: the key is a predefined handle or a layered key", ErrInvalid)
	}
	return n, h.mustBeCell(cell)
}

// newNode writes a key node without subkeys and values.
func (h *Hive) newNode(parent *node, name []uint16, descriptor []byte) (uint32, error) {
	var err error
	sk := parent.security
	if descriptor == nil {
		err = h.addSecurityRef(sk)
	} else {
		sk, err = h.secured(descriptor, sk)
	}
	if err != nil {
		return 0, err
	}
	raw, compressed := nameBytes(name)
	cell, err := h.alloc(nkName+uint32(len(raw)), parent.cell)
	if err != nil {
		return 0, err
	}
	b := make([]byte, nkName, nkName+len(raw))
	copy(b, "nk")
	if compressed {
		le.PutUint16(b[nkFlags:], flagCompressed)
	}
	le.PutUint64(b[nkLastWrite:], filetime(h.now()))
	le.PutUint32(b[nkParent:], parent.cell)
	le.PutUint32(b[nkSecurity:], sk)
	for _, off := range []int{nkSubkeyList, nkVolatileList, nkValueList, nkClass} {
		le.PutUint32(b[off:], nilCell)
	}
	le.PutUint16(b[nkNameLen:], uint16(len(raw)))
	return cell, h.put(cell+4, append(b, raw...))
}

// touch sets the last-write time of a key.
func (h *Hive) touch(n *node) error {
	return h.put(n.rel+nkLastWrite, le.AppendUint64(nil, filetime(h.now())))
}

// DeleteKey removes a key with everything below it, and zeroes what it frees. It refuses the root and keys that are marked
// as not to be deleted; ErrNotFound when there is no such key.
func (h *Hive) DeleteKey(path string) error {
	return h.edit(func() error {
		k, err := h.Key(path)
		if err != nil {
			return err
		}
		n, err := h.editableNode(k.cell)
		if err != nil {
			return err
		}
		if k.depth == 0 || n.flags&flagHiveRoot != 0 {
			return fmt.Errorf("%w: the root key cannot be deleted", ErrInvalid)
		}
		parent, err := h.editableNode(n.parent)
		if err != nil {
			return err
		}
		pos, err := h.findSubkey(parent, n.name)
		if err != nil {
			return err
		}
		if pos.child.cell != k.cell {
			return corrupt(k.cell, "the index names another key")
		}
		if err := h.freeTree(k); err != nil {
			return err
		}
		return h.removeSubkey(parent, pos)
	})
}

// freeTree frees a key and everything below it; the caller takes it out of its parent's index.
func (h *Hive) freeTree(k Key) error {
	for sub, err := range k.Subkeys() {
		if err != nil {
			return err
		}
		if err := h.freeTree(sub); err != nil {
			return err
		}
	}
	n, err := h.node(k.cell)
	if err != nil {
		return err
	}
	if n.flags&flagNoDelete != 0 {
		return fmt.Errorf("%w: the key %q is marked as not to be deleted", ErrInvalid, k.Path())
	}
	if err := h.freeValues(n); err != nil {
		return err
	}
	if err := h.freeIndex(n); err != nil {
		return err
	}
	if n.classLen > 0 && n.class != nilCell {
		if err := h.free(n.class); err != nil {
			return err
		}
	}
	if err := h.releaseSecurity(n.security); err != nil {
		return err
	}
	return h.free(n.cell)
}

func (h *Hive) freeIndex(n *node) error {
	if n.subkeys == 0 {
		return nil
	}
	leaves, isRoot, err := h.rootIndex(n.subkeyList)
	if err != nil {
		return err
	}
	if isRoot {
		leaves = append(leaves, n.subkeyList)
	}
	for _, c := range leaves {
		if err := h.free(c); err != nil {
			return err
		}
	}
	return nil
}
