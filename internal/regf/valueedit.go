package regf

import (
	"bytes"
	"errors"
	"fmt"
)

// SetValue creates or replaces a value. Setting what is there already changes nothing.
func (k Key) SetValue(name string, typ Type, data []byte) error {
	return k.h.edit(func() error { return k.h.setValue(k.cell, encodeName(name), typ, data) })
}

func (h *Hive) setValue(key uint32, name []uint16, typ Type, data []byte) error {
	if len(name) > maxValueName {
		return fmt.Errorf("%w: a value name of %d characters", ErrInvalid, len(name))
	}
	if uint64(len(data)) > segmentData*0xFFFF {
		return fmt.Errorf("%w: a value of %d bytes", ErrInvalid, len(data))
	}
	n, err := h.editableNode(key)
	if err != nil {
		return err
	}
	v, _, err := h.findValue(n, name)
	switch {
	case errors.Is(err, ErrNotFound):
		if v, err = h.addValue(n, name); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if same, err := v.equals(typ, data); same || err != nil {
			return err
		}
		if err := h.mustBeCell(v.cell); err != nil {
			return err
		}
	}
	if err := h.setData(v, typ, data); err != nil {
		return err
	}
	if size := uint32(len(data)); size > n.maxValueData {
		if err := h.putU32(n.rel+nkMaxValueData, size); err != nil {
			return err
		}
	}
	return h.touch(n)
}

func (v Value) equals(typ Type, data []byte) (bool, error) {
	if v.typ != typ || int(v.size) != len(data) {
		return false, nil
	}
	old, err := v.Data()
	return err == nil && bytes.Equal(old, data), err
}

// addValue appends an empty value to a key's list.
func (h *Hive) addValue(n *node, name []uint16) (Value, error) {
	raw, latin1 := nameBytes(name)
	cell, err := h.alloc(vkName+uint32(len(raw)), n.cell)
	if err != nil {
		return Value{}, err
	}
	b := make([]byte, vkName, vkName+len(raw))
	copy(b, "vk")
	le.PutUint16(b[vkNameLen:], uint16(len(raw)))
	le.PutUint32(b[vkDataSize:], inlineBit)
	if latin1 && len(raw) > 0 {
		le.PutUint16(b[vkFlags:], vkFlagLatin1)
	}
	if err := h.put(cell+4, append(b, raw...)); err != nil {
		return Value{}, err
	}
	if err := h.appendToValueList(n, cell); err != nil {
		return Value{}, err
	}
	if size := uint32(2 * len(name)); size > n.maxValueName {
		if err := h.putU32(n.rel+nkMaxValueName, size); err != nil {
			return Value{}, err
		}
	}
	return h.value(cell)
}

func (h *Hive) appendToValueList(n *node, value uint32) error {
	list, old := n.valueList, uint32(nilCell)
	room := uint32(0)
	if n.values > 0 {
		var err error
		if room, err = h.cellSize(list); err != nil {
			return err
		}
		if 4*n.values > room {
			return corrupt(list, "the value list counts %d entries, more than its cell holds", n.values)
		}
	}
	if 4*(n.values+1) > room {
		old = list
		var err error
		if list, err = h.alloc(4*(n.values+n.values/2+1), n.cell); err != nil {
			return err
		}
		if n.values > 0 {
			raw, err := h.copyOf(old+4, 4*n.values)
			if err != nil {
				return err
			}
			if err := h.put(list+4, raw); err != nil {
				return err
			}
			if err := h.free(old); err != nil {
				return err
			}
		}
		if err := h.putU32(n.rel+nkValueList, list); err != nil {
			return err
		}
	}
	if err := h.putU32(list+4+4*n.values, value); err != nil {
		return err
	}
	n.valueList, n.values = list, n.values+1
	return h.putU32(n.rel+nkValues, n.values)
}

// setData gives a value new data: inline up to 4 bytes, in place when the old cell has room and nothing is to stay [Hive.Apart],
// else in new cells.
func (h *Hive) setData(v Value, typ Type, data []byte) error {
	if err := h.putU32(v.rel+vkType, uint32(typ)); err != nil {
		return err
	}
	size := uint32(len(data))
	if size > 4 && !h.apart && !v.in && !h.isBig(v.size) && !h.isBig(size) && v.size > 0 {
		room, err := h.cellSize(v.data)
		if err != nil {
			return err
		}
		if size <= room {
			padded := make([]byte, max(size, min(v.size, room))) // zeroes what the old data leaves behind
			copy(padded, data)
			if err := h.put(v.data+4, padded); err != nil {
				return err
			}
			return h.putU32(v.rel+vkDataSize, size)
		}
	}
	if size <= 4 {
		return h.setInline(v, data)
	}
	cell, err := h.storeData(data, v.cell)
	if err != nil {
		return err
	}
	if err := h.putU32(v.rel+vkDataSize, size); err != nil {
		return err
	}
	if err := h.putU32(v.rel+vkData, cell); err != nil {
		return err
	}
	return h.freeData(v)
}

func (h *Hive) setInline(v Value, data []byte) error {
	var b [4]byte
	copy(b[:], data)
	if err := h.putU32(v.rel+vkDataSize, inlineBit|uint32(len(data))); err != nil {
		return err
	}
	if err := h.put(v.rel+vkData, b[:]); err != nil {
		return err
	}
	return h.freeData(v)
}

// storeData writes data of more than 4 bytes into new cells and returns the cell that a value refers to.
func (h *Hive) storeData(data []byte, near uint32) (uint32, error) {
	if !h.isBig(uint32(len(data))) {
		cell, err := h.alloc(uint32(len(data)), near)
		if err != nil {
			return 0, err
		}
		return cell, h.put(cell+4, data)
	}
	count := uint32((len(data) + segmentData - 1) / segmentData)
	head, err := h.alloc(dbPayload, near)
	if err != nil {
		return 0, err
	}
	list, err := h.alloc(4*count, near)
	if err != nil {
		return 0, err
	}
	for i := range count {
		chunk := data[:min(segmentData, len(data))]
		data = data[len(chunk):]
		cell, err := h.alloc(segmentPayload, nilCell)
		if err != nil {
			return 0, err
		}
		if err := h.put(cell+4, chunk); err != nil {
			return 0, err
		}
		if err := h.putU32(list+4+4*i, cell); err != nil {
			return 0, err
		}
	}
	b := make([]byte, 8)
	copy(b, "db")
	le.PutUint16(b[2:], uint16(count))
	le.PutUint32(b[4:], list)
	return head, h.put(head+4, b)
}

// freeData gives back the cells of a value's data as v found them.
func (h *Hive) freeData(v Value) error {
	if v.in || v.size == 0 && v.data == nilCell {
		return nil
	}
	if h.isBig(v.size) {
		list, cells, err := h.segments(v.data, v.size)
		if err != nil {
			return err
		}
		for _, c := range append(cells, list) {
			if err := h.free(c); err != nil {
				return err
			}
		}
	}
	return h.free(v.data)
}

// DeleteValue removes a value and zeroes its data; ErrNotFound when there is none.
func (k Key) DeleteValue(name string) error {
	return k.h.edit(func() error { return k.h.deleteValue(k.cell, encodeName(name)) })
}

func (h *Hive) deleteValue(key uint32, name []uint16) error {
	n, err := h.editableNode(key)
	if err != nil {
		return err
	}
	v, i, err := h.findValue(n, name)
	if err != nil {
		return err
	}
	if err := h.freeData(v); err != nil {
		return err
	}
	if err := h.free(v.cell); err != nil {
		return err
	}
	if err := h.dropFromValueList(n, i); err != nil {
		return err
	}
	return h.touch(n)
}

func (h *Hive) dropFromValueList(n *node, i int) error {
	rest := n.values - 1
	if err := h.putU32(n.rel+nkValues, rest); err != nil {
		return err
	}
	if rest == 0 {
		for _, off := range []uint32{nkMaxValueName, nkMaxValueData} {
			if err := h.putU32(n.rel+off, 0); err != nil {
				return err
			}
		}
		if err := h.putU32(n.rel+nkValueList, nilCell); err != nil {
			return err
		}
		return h.free(n.valueList)
	}
	at := n.valueList + 4 + 4*uint32(i)
	tail, err := h.copyOf(at+4, 4*(rest-uint32(i)))
	if err != nil {
		return err
	}
	return h.put(at, append(tail, 0, 0, 0, 0))
}

func (h *Hive) freeValues(n *node) error {
	cells, err := h.valueCells(n)
	if err != nil || len(cells) == 0 {
		return err
	}
	for _, c := range cells {
		v, err := h.value(c)
		if err != nil {
			return err
		}
		if err := h.freeData(v); err != nil {
			return err
		}
		if err := h.free(c); err != nil {
			return err
		}
	}
	return h.free(n.valueList)
}
