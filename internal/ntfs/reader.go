package ntfs

import (
	"io"
	"sort"
)

// reader reads the structures of a volume. The one of a Volume reads what is on disk, the one of a Tx reads its view.
type reader struct {
	geometry
	dev    io.ReaderAt
	mft    *stream // $MFT's $DATA
	upcase *[65536]uint16
}

// ranges calls do for each stretch of the stream between off and off+n that lies together on the volume. dev is where, or -1
// for a hole; at counts from off.
func (r *reader) ranges(s *stream, off, n int64, do func(dev, at, n int64) error) error {
	if off < 0 || n < 0 || off > s.allocated-n {
		return damaged("bytes %d+%d of a stream of %d", off, n, s.allocated)
	}
	i := sort.Search(len(s.runs), func(i int) bool { return (s.runs[i].vcn+s.runs[i].n)*r.cluster > off })
	for at := int64(0); at < n; i++ {
		if i >= len(s.runs) {
			return damaged("a stream whose runs end at %d of %d", off+at, s.allocated)
		}
		e := s.runs[i]
		into := off + at - e.vcn*r.cluster
		length := min(e.n*r.cluster-into, n-at)
		dev := int64(-1)
		if e.lcn != hole {
			dev = e.lcn*r.cluster + into
		}
		if err := do(dev, at, length); err != nil {
			return err
		}
		at += length
	}
	return nil
}

// allocatedBytes reads the bytes that are allocated to the stream, whatever its size and its initialized size are.
func (r *reader) allocatedBytes(s *stream, p []byte, off int64) error {
	return r.ranges(s, off, int64(len(p)), func(dev, at, n int64) error {
		if dev < 0 {
			clear(p[at : at+n])
			return nil
		}
		return readFull(r.dev, p[at:at+n], dev)
	})
}

// readStream fills p from off on. It returns io.ErrUnexpectedEOF when that is past the end.
func (r *reader) readStream(s *stream, p []byte, off int64) error {
	if off < 0 || off > s.size-int64(len(p)) {
		return io.ErrUnexpectedEOF
	}
	switch {
	case s.attr.resident:
		copy(p, s.value[off:])
		return nil
	case s.attr.flags&attrEncrypted != 0:
		return &Refused{Kind: Encrypted}
	case s.attr.flags&attrCompressed != 0:
		return r.readCompressed(s, p, off)
	}
	valid := min(max(s.initialized-off, 0), int64(len(p)))
	clear(p[valid:])
	return r.allocatedBytes(s, p[:valid], off)
}

// readAll returns the whole content of a stream that must not be longer than limit.
func (r *reader) readAll(s *stream, limit int64) ([]byte, error) {
	if s.size > limit {
		return nil, damaged("record %d: attribute %#x has %d bytes", s.attr.in.number, s.attr.typ, s.size)
	}
	b := make([]byte, s.size)
	return b, r.readStream(s, b, 0)
}

// recordCount returns how many FILE records $MFT holds.
func (r *reader) recordCount() uint64 {
	return uint64(min(r.mft.size, r.mft.initialized) / r.recordSize)
}

// record reads a FILE record, in use or not.
func (r *reader) record(n uint64) (*record, error) {
	if n >= r.recordCount() {
		return nil, damaged("record %d of %d", n, r.recordCount())
	}
	b := make([]byte, r.recordSize)
	if err := r.readStream(r.mft, b, int64(n)*r.recordSize); err != nil {
		return nil, err
	}
	return parseRecord(n, b)
}

// inode reads the base record of a file in use, and its extension records.
func (r *reader) inode(n uint64) (*inode, error) {
	rec, err := r.record(n)
	if err != nil {
		return nil, err
	}
	return r.inodeOf(rec)
}

// referenced reads the file that a reference means: record number and sequence number.
func (r *reader) referenced(reference uint64) (*inode, error) {
	i, err := r.inode(reference & referenceMask)
	if err != nil {
		return nil, err
	}
	if s := uint16(reference >> 48); s != i.sequence() {
		return nil, damaged("record %d has the sequence number %d, not %d", i.number, i.sequence(), s)
	}
	return i, nil
}

func (r *reader) inodeOf(rec *record) (*inode, error) {
	if !rec.inUse() || rec.base() != 0 {
		return nil, damaged("record %d is not the base record of a file in use", rec.number)
	}
	own, err := rec.attributes(&r.geometry)
	if err != nil {
		return nil, err
	}
	i := &inode{record: rec, attrs: own}
	list, err := i.stream(typeAttributeList, "")
	if list == nil || err != nil {
		return i, err
	}
	i.listed = true
	i.attrs, err = r.listed(i, list)
	return i, err
}

// maxList is the longest attribute list that NTFS allows.
const maxList = 256 << 10

// listed collects the attributes that an attribute list names: type 4 bytes, length 2, name length 1 and offset 1, lowest
// virtual cluster 8, reference 8, id 2.
func (r *reader) listed(i *inode, list *stream) ([]*attribute, error) {
	b, err := r.readAll(list, maxList)
	if err != nil {
		return nil, err
	}
	records := map[uint64][]*attribute{i.number: i.attrs}
	all := i.attrs[:0:0]
	for len(b) > 0 {
		if len(b) < 26 || int(u16(b, 4)) < 26 || int(u16(b, 4)) > len(b) {
			return nil, damaged("record %d: attribute list", i.number)
		}
		reference := u64(b, 16)
		attrs, seen := records[reference&referenceMask]
		if !seen {
			if attrs, err = r.extension(i, reference); err != nil {
				return nil, err
			}
			records[reference&referenceMask] = attrs
		}
		a := pick(attrs, u32(b, 0), u16(b, 24))
		if a == nil || !a.resident && a.lowest != i64(b, 8) {
			return nil, damaged("record %d: attribute %#x of its list is not in record %d",
				i.number, u32(b, 0), reference&referenceMask)
		}
		all = append(all, a)
		b = b[u16(b, 4):]
	}
	return all, nil
}

func pick(attrs []*attribute, typ uint32, id uint16) *attribute {
	for _, a := range attrs {
		if a.typ == typ && a.id == id {
			return a
		}
	}
	return nil
}

// extension returns the attributes in an extension record of i.
func (r *reader) extension(i *inode, reference uint64) ([]*attribute, error) {
	rec, err := r.record(reference & referenceMask)
	if err != nil {
		return nil, err
	}
	if !rec.inUse() || rec.base() != i.reference() || rec.sequence() != uint16(reference>>48) {
		return nil, damaged("record %d is not an extension of record %d", rec.number, i.number)
	}
	return rec.attributes(&r.geometry)
}
