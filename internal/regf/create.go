package regf

import "fmt"

// CreateOptions shape a new hive.
type CreateOptions struct {
	Minor    uint32 // format version 1.Minor: 3, 4, 5 or 6; 0 means 5
	RootName string // name of the root key; empty means "ROOT"
	Security []byte // self-relative security descriptor of the root key, which new keys get from their parents; required
}

// Create writes a new hive with nothing but a root key into an empty file.
func Create(f File, o CreateOptions) error {
	if o.Minor == 0 {
		o.Minor = 5
	}
	if o.Minor < 3 || o.Minor > 6 {
		return fmt.Errorf("%w: format version 1.%d", ErrInvalid, o.Minor)
	}
	if o.RootName == "" {
		o.RootName = "ROOT"
	}
	name := encodeName(o.RootName)
	if err := checkKeyName(name); err != nil {
		return err
	}
	if err := checkDescriptor(o.Security); err != nil {
		return err
	}
	if size, err := f.Size(); err != nil || size != 0 {
		return cmpErr(err, fmt.Errorf("%w: the file for a new hive is not empty", ErrInvalid))
	}
	data, err := newHive(o, name)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return f.Sync()
}

// newHive lays out a base block and one bin with the root key and its security record.
func newHive(o CreateOptions, name []uint16) ([]byte, error) {
	h := &Hive{pages: map[uint32]*page{}, room: map[uint32]uint32{}, bins: []bin{}}
	h.base.setU32(baseMinor, o.Minor)
	raw, compressed := nameBytes(name)
	root, err := h.appendBin((nkName + uint32(len(raw)) + 4 + 7) &^ 7)
	if err != nil {
		return nil, err
	}
	sk, err := h.alloc(skData+uint32(len(o.Security)), root)
	if err != nil {
		return nil, err
	}
	rec := make([]byte, skData)
	copy(rec, "sk")
	le.PutUint32(rec[skFlink:], sk)
	le.PutUint32(rec[skBlink:], sk)
	le.PutUint32(rec[skRefs:], 1)
	le.PutUint32(rec[skLen:], uint32(len(o.Security)))
	if err := h.put(sk+4, append(rec, o.Security...)); err != nil {
		return nil, err
	}
	if err := h.putRoot(root, sk, raw, compressed); err != nil {
		return nil, err
	}
	copy(h.base[:], "regf")
	h.base.setU32(baseMajor, 1)
	h.base.setU32(baseFormat, 1)
	h.base.setU32(baseRootCell, root)
	h.base.setU32(baseCluster, 1)
	head := h.base.sealed(typePrimary, 1, 1, h.size)
	data := make([]byte, headerSize, headerSize+h.size)
	copy(data, head[:])
	return append(data, h.runData(pageRef{length: h.size})...), nil
}

func (h *Hive) putRoot(cell, sk uint32, raw []byte, compressed bool) error {
	flags := uint16(flagHiveRoot | flagNoDelete)
	if compressed {
		flags |= flagCompressed
	}
	b := make([]byte, nkName)
	copy(b, "nk")
	le.PutUint16(b[nkFlags:], flags)
	le.PutUint64(b[nkLastWrite:], filetime(h.now()))
	le.PutUint32(b[nkParent:], nilCell)
	le.PutUint32(b[nkSecurity:], sk)
	for _, off := range []int{nkSubkeyList, nkVolatileList, nkValueList, nkClass} {
		le.PutUint32(b[off:], nilCell)
	}
	le.PutUint16(b[nkNameLen:], uint16(len(raw)))
	return h.put(cell+4, append(b, raw...))
}
