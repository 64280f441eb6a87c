package regf

import (
	"fmt"
	"iter"
	"slices"
)

// Type is the type of a value (winnt.h). A hive may hold any number.
type Type uint32

// The types, by the names of winnt.h.
const (
	None                     Type = 0
	SZ                       Type = 1
	ExpandSZ                 Type = 2
	Binary                   Type = 3
	DWORD                    Type = 4
	DWORDBigEndian           Type = 5
	Link                     Type = 6
	MultiSZ                  Type = 7
	ResourceList             Type = 8
	FullResourceDescriptor   Type = 9
	ResourceRequirementsList Type = 10
	QWORD                    Type = 11
)

var typeNames = [...]string{
	"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
	"REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD",
}

// String returns the name in winnt.h, such as "REG_SZ", or the number in hex.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("0x%08X", uint32(t))
}

// Value is a value of a key. It stays valid until the key is changed.
type Value struct {
	h    *Hive
	cell uint32
	rel  uint32
	name []uint16
	typ  Type
	size uint32 // bytes of data
	data uint32 // cell, or the position of inline data when inline
	in   bool
}

func (h *Hive) value(cell uint32) (Value, error) {
	rel, b, length, err := h.record(cell, "vk", vkName)
	if err != nil {
		return Value{}, err
	}
	v := Value{
		h: h, cell: cell, rel: rel, typ: Type(le.Uint32(b[vkType:])),
		size: le.Uint32(b[vkDataSize:]), data: le.Uint32(b[vkData:]),
	}
	nameLen, compressed := uint32(le.Uint16(b[vkNameLen:])), le.Uint16(b[vkFlags:])&vkFlagLatin1 != 0
	if v.size&inlineBit != 0 {
		v.in, v.size, v.data = true, v.size&^inlineBit, rel+vkData
		if v.size > 4 {
			return Value{}, corrupt(cell, "inline data of %d bytes", v.size)
		}
	}
	if vkName+nameLen > length {
		return Value{}, corrupt(cell, "the value's name reaches beyond its cell")
	}
	if !compressed && nameLen%2 != 0 {
		return Value{}, corrupt(cell, "the value's name has an odd length")
	}
	raw, err := h.view(rel+vkName, nameLen)
	if err != nil {
		return Value{}, err
	}
	v.name = parseName(raw, compressed)
	return v, nil
}

// valueCells returns the cells of a key's values.
func (h *Hive) valueCells(n *node) ([]uint32, error) {
	if n.values == 0 {
		return nil, nil
	}
	rel, length, err := h.payload(n.valueList)
	if err != nil {
		return nil, err
	}
	if uint64(n.values)*4 > uint64(length) {
		return nil, corrupt(n.valueList, "the value list counts %d entries, more than its cell holds", n.values)
	}
	raw, err := h.view(rel, n.values*4)
	if err != nil {
		return nil, err
	}
	out := make([]uint32, n.values)
	seen := make(map[uint32]bool, n.values)
	for i := range out {
		out[i] = le.Uint32(raw[4*i:])
		if seen[out[i]] {
			return nil, corrupt(n.valueList, "the value list names a value twice")
		}
		seen[out[i]] = true
	}
	return out, nil
}

// findValue returns the value with the given name and its place in the list, or ErrNotFound.
func (h *Hive) findValue(n *node, name []uint16) (Value, int, error) {
	cells, err := h.valueCells(n)
	if err != nil {
		return Value{}, 0, err
	}
	for i, c := range cells {
		if fits, err := h.mayBeNamed(c, len(name)); err != nil {
			return Value{}, 0, err
		} else if !fits {
			continue
		}
		v, err := h.value(c)
		if err != nil {
			return Value{}, 0, err
		}
		if compareNames(v.name, name) == 0 {
			return v, i, nil
		}
	}
	return Value{}, 0, ErrNotFound
}

// mayBeNamed tells whether a value's name has the given number of characters, so that others need not be read.
func (h *Hive) mayBeNamed(cell uint32, units int) (bool, error) {
	_, b, _, err := h.record(cell, "vk", vkName)
	if err != nil {
		return false, err
	}
	n := int(le.Uint16(b[vkNameLen:]))
	if le.Uint16(b[vkFlags:])&vkFlagLatin1 == 0 {
		n /= 2
	}
	return n == units, nil
}

// Value finds a value without regard to case, or ErrNotFound. The empty name is the default value.
func (k Key) Value(name string) (Value, error) {
	n, err := k.h.node(k.cell)
	if err != nil {
		return Value{}, err
	}
	v, _, err := k.h.findValue(n, encodeName(name))
	return v, err
}

// Values yields the values in the order of the hive. It stops at the first damage.
func (k Key) Values() iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		n, err := k.h.node(k.cell)
		if err != nil {
			yield(Value{}, err)
			return
		}
		cells, err := k.h.valueCells(n)
		if err != nil {
			yield(Value{}, err)
			return
		}
		left := int64(k.h.size) // names of distinct values cannot be longer together
		for _, c := range cells {
			v, err := k.h.value(c)
			if left -= int64(len(v.name)); err == nil && left < 0 {
				err = corrupt(c, "the values of the key overlap")
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// Name returns the value's name; the default value has the empty name.
func (v Value) Name() string { return decodeName(v.name) }

// Type returns the value's type.
func (v Value) Type() Type { return v.typ }

// Size returns the number of bytes of data.
func (v Value) Size() int { return int(v.size) }

// Data returns a copy of the data.
func (v Value) Data() ([]byte, error) {
	if v.h == nil {
		return nil, ErrNotFound
	}
	if v.size == 0 {
		return nil, nil
	}
	if v.in {
		return v.h.copyOf(v.data, v.size)
	}
	if v.h.isBig(v.size) {
		return v.h.bigData(v.data, v.size)
	}
	rel, length, err := v.h.payload(v.data)
	if err != nil {
		return nil, err
	}
	if v.size > length {
		return nil, corrupt(v.cell, "the value's data of %d bytes reaches beyond its cell", v.size)
	}
	return v.h.copyOf(rel, v.size)
}

func (h *Hive) copyOf(rel, n uint32) ([]byte, error) {
	b, err := h.view(rel, n)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), b...), nil
}

// Text returns the text of a REG_SZ or REG_EXPAND_SZ value up to the first NUL.
func (v Value) Text() (string, error) {
	if v.typ != SZ && v.typ != ExpandSZ {
		return "", fmt.Errorf("%w: value %q is %s, not text", ErrInvalid, v.Name(), v.typ)
	}
	b, err := v.Data()
	if err != nil {
		return "", err
	}
	return Text(b), nil
}

// Text returns the text in the data of a REG_SZ or REG_EXPAND_SZ value, up to the first NUL.
func Text(data []byte) string {
	u := parseName(data[:len(data)&^1], false)
	if i := slices.Index(u, 0); i >= 0 {
		u = u[:i]
	}
	return decodeName(u)
}

// Uint32 returns the number in a REG_DWORD value.
func (v Value) Uint32() (uint32, error) {
	if v.typ != DWORD || v.size != 4 {
		return 0, fmt.Errorf("%w: value %q is %s of %d bytes, not a number", ErrInvalid, v.Name(), v.typ, v.size)
	}
	b, err := v.Data()
	if err != nil {
		return 0, err
	}
	return le.Uint32(b), nil
}

// TextData returns text as the data of a REG_SZ value: UTF-16LE with a final NUL.
func TextData(s string) []byte {
	var b []byte
	for _, c := range encodeName(s) {
		b = le.AppendUint16(b, c)
	}
	return le.AppendUint16(b, 0)
}

// DWORDData returns a number as the data of a REG_DWORD value.
func DWORDData(n uint32) []byte { return le.AppendUint32(nil, n) }
