package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// InPlace returns a *[container.Refused] when this program does not change the image itself: it was not closed cleanly, has
// snapshots or bitmaps inside or refcounts of another width than 16 bits, or its tables overlap.
func (q *Image) InPlace() error { return q.inPlace() }

// Room implements [container.Container]: clusters that are not there are allocated.
func (q *Image) Room(off, n int64) bool {
	return off >= 0 && n >= 0 && off <= q.size-n && q.InPlace() == nil
}

func (q *Image) checkInPlace() error {
	refuse := func(k container.Kind, detail string) error { return &container.Refused{Kind: k, Detail: detail} }
	switch {
	case q.incompatible&incompatDirty != 0:
		return refuse(container.Dirty, "repair it with qemu-img check -r all")
	case q.snapshots != 0:
		return refuse(container.Snapshots, fmt.Sprintf("%d of them (qemu-img snapshot -l)", q.snapshots))
	case q.autoclear != 0 || q.bitmaps:
		return refuse(container.Bitmaps, "see qemu-img info")
	case q.refcountOrder != refcountOrder:
		return refuse(container.RefcountWidth, fmt.Sprintf("%d bits", 1<<q.refcountOrder))
	case q.refcountLen == 0 || q.refcountLen > maxRefcountBytes || q.refcountOff == 0:
		return corrupt("a refcount table of %d bytes at offset %d", q.refcountLen, q.refcountOff)
	case q.refcountOff+q.refcountLen > roundUp(q.fileSize, q.cluster()):
		return q.beyondEnd(q.refcountOff + q.refcountLen)
	}
	_, err := q.owned()
	return err
}

// metadataMap knows which clusters of the file hold the header and tables.
type metadataMap struct {
	clusters []int64 // offsets in the file, ascending
}

func (m *metadataMap) contains(host int64) bool {
	_, found := slices.BinarySearch(m.clusters, host)
	return found
}

// mapMetadata finds all tables. Two that share a cluster make an image that cannot be changed: a patch of the one would
// damage the other.
func (q *Image) mapMetadata() (*metadataMap, error) {
	m := &metadataMap{clusters: []int64{0}}
	for off := q.l1Off; off < q.l1Off+q.l1Entries*entryBytes; off += q.cluster() {
		m.clusters = append(m.clusters, off)
	}
	for off := q.refcountOff; off < q.refcountOff+q.refcountLen; off += q.cluster() {
		m.clusters = append(m.clusters, off)
	}
	err := q.eachWord(q.refcountOff, q.refcountLen/entryBytes, func(i int64, v uint64) error {
		block, err := q.checkRefcountEntry(v, i)
		if block != 0 {
			m.clusters = append(m.clusters, block)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = q.eachWord(q.l1Off, q.l1Entries, func(i int64, v uint64) error {
		table, err := q.checkL1Entry(v, i)
		if table != 0 {
			m.clusters = append(m.clusters, table)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(m.clusters)
	for i := 1; i < len(m.clusters); i++ {
		if m.clusters[i] == m.clusters[i-1] {
			return nil, corrupt("two tables share the cluster at offset %d", m.clusters[i])
		}
	}
	return m, nil
}

func (q *Image) checkRefcountEntry(v uint64, i int64) (int64, error) {
	if v >= 1<<62 || v&uint64(q.cluster()-1) != 0 {
		return 0, corrupt("the refcount table's entry %d is 0x%x", i, v)
	}
	if int64(v) >= q.fileSize {
		return 0, q.beyondEnd(int64(v))
	}
	return int64(v), nil
}

// eachWord reads n big-endian numbers of 8 bytes from a table, which is zero behind the file's end.
func (q *Image) eachWord(off, n int64, visit func(i int64, v uint64) error) error {
	buf := make([]byte, 64<<10)
	for i := int64(0); i < n; {
		b := buf[:min(int64(len(buf)), (n-i)*entryBytes)]
		got, err := q.file.ReadAt(b, off+i*entryBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		clear(b[got:])
		for ; len(b) > 0; b, i = b[entryBytes:], i+1 {
			if v := binary.BigEndian.Uint64(b); v != 0 {
				if err := visit(i, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// refcount returns how often a cluster of the file is used, and where that number stands; at is 0 when no block counts it.
func (q *Image) refcount(host int64) (n uint16, at int64, err error) {
	i := host >> q.bits
	perBlock := q.cluster() / refcountEntryBytes
	slot := i / perBlock
	if slot >= q.refcountLen/entryBytes {
		return 0, 0, nil
	}
	v, err := q.word(q.refcountOff + slot*entryBytes)
	if err != nil {
		return 0, 0, err
	}
	block, err := q.checkRefcountEntry(v, slot)
	if err != nil || block == 0 {
		return 0, 0, err
	}
	at = block + i%perBlock*refcountEntryBytes
	p, err := q.page(at)
	if err != nil {
		return 0, 0, err
	}
	return binary.BigEndian.Uint16(p[at%pageSize:]), at, nil
}

func roundUp(n, unit int64) int64 { return (n + unit - 1) &^ (unit - 1) }
