package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// tree is the logical content of a hive: keys by their paths below the root, which is "".
type tree map[string]node

type node struct {
	values   map[string]Value
	security []byte // nil when it does not matter
}

// expected reads a hive with our own engine.
func expected(h *regf.Hive) (tree, error) {
	all := tree{}
	for e, err := range regf.Walk(h) {
		if err != nil {
			return nil, err
		}
		if e.IsKey() {
			security, err := e.Key.Security()
			if err != nil {
				return nil, err
			}
			all[e.Path] = node{map[string]Value{}, security}
			continue
		}
		data, err := e.Value.Data()
		if err != nil {
			return nil, err
		}
		all[e.Path].values[e.Value.Name()] = Value{e.Value.Name(), uint32(e.Value.Type()), data}
	}
	return all, nil
}

// maxDepth bounds the keys that are followed in what a machine says.
const maxDepth = 64

// read reads a hive through the machine.
func read(root Key) (tree, error) {
	all := tree{}
	return all, readInto(all, "", root, maxDepth)
}

func readInto(all tree, path string, key Key, depth int) error {
	if depth == 0 {
		return differs("keys are nested deeper than %d", maxDepth)
	}
	n := node{values: map[string]Value{}}
	var err error
	if n.security, err = key.Security(); err != nil {
		return err
	}
	values, err := key.Values()
	if err != nil {
		return err
	}
	for _, v := range values {
		n.values[v.Name] = v
	}
	all[path] = n
	names, err := key.Subkeys()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := readSub(all, path+`\`+name, name, key, depth); err != nil {
			return err
		}
	}
	return nil
}

func readSub(all tree, path, name string, parent Key, depth int) error {
	sub, err := parent.Sub(name)
	if err != nil {
		return err
	}
	return errors.Join(readInto(all, path, sub, depth-1), sub.Close())
}

// equals returns the first difference of what Windows reads to what is expected. Names in it are those that this package made.
func (want tree) equals(got tree) error {
	for _, path := range slices.Sorted(maps.Keys(want)) {
		have, found := got[path]
		if !found {
			return differs("the key %.40q is missing", path)
		}
		if err := want[path].equals(path, have); err != nil {
			return err
		}
	}
	if len(got) != len(want) {
		return differs("%d keys, and %d were written", len(got), len(want))
	}
	return nil
}

func (n node) equals(path string, got node) error {
	for _, name := range slices.Sorted(maps.Keys(n.values)) {
		want := n.values[name]
		have, found := got.values[name]
		switch {
		case !found:
			return differs("the value %.40q of %.40q is missing", name, path)
		case have.Type != want.Type:
			return differs("the value %.40q of %.40q has type %d instead of %d", name, path, have.Type, want.Type)
		case !bytes.Equal(have.Data, want.Data):
			return differs("the value %.40q of %.40q has other data: %d bytes, and %d were written", name, path, len(have.Data),
				len(want.Data))
		}
	}
	if len(got.values) != len(n.values) {
		return differs("%.40q has %d values, and %d were written", path, len(got.values), len(n.values))
	}
	if n.security != nil && !sameRights(n.security, got.security) {
		return differs("%.40q has another owner, group or access list", path)
	}
	return nil
}

// The header of a self-relative security descriptor ([MS-DTYP] 2.4.6).
const (
	descriptorHeader = 20
	offsetOwner      = 4
	offsetGroup      = 8
	offsetDACL       = 16
	controlProtected = 0x1000
)

// sameRights reports whether two descriptors have the same owner, group, access list and protection. Their order in memory may
// differ.
func sameRights(a, b []byte) bool {
	if len(a) < descriptorHeader || len(b) < descriptorHeader {
		return false
	}
	control := func(d []byte) uint16 { return binary.LittleEndian.Uint16(d[2:]) & controlProtected }
	return control(a) == control(b) && bytes.Equal(sid(a, offsetOwner), sid(b, offsetOwner)) &&
		bytes.Equal(sid(a, offsetGroup), sid(b, offsetGroup)) && bytes.Equal(accessList(a), accessList(b))
}

// sid returns the SID whose offset is at a place of the header ([MS-DTYP] 2.4.2.2).
func sid(d []byte, at int) []byte {
	part := partAt(d, at)
	if len(part) < 8 || len(part) < 8+4*int(part[1]) {
		return nil
	}
	return part[:8+4*int(part[1])]
}

// accessList returns the DACL ([MS-DTYP] 2.4.5), whose third and fourth byte are its size.
func accessList(d []byte) []byte {
	part := partAt(d, offsetDACL)
	if len(part) < 8 {
		return nil
	}
	size := int(binary.LittleEndian.Uint16(part[2:]))
	return part[:min(size, len(part))]
}

func partAt(d []byte, at int) []byte {
	offset := uint64(binary.LittleEndian.Uint32(d[at:]))
	if offset == 0 || offset >= uint64(len(d)) {
		return nil
	}
	return d[offset:]
}
