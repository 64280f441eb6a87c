package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// File is the image file.
type File interface {
	io.ReaderAt
	io.Closer
}

// Image is an open qcow2 image. It implements [container.Container].
type Image struct {
	*header
	file  File
	below container.Disk // nil without a backing file

	mu       sync.Mutex // guards the caches
	pages    *lru       // of the tables, by offset in the file
	unpacked *lru       // compressed clusters, by offset in the file

	inPlace func() error                 // the answer of InPlace, found once
	owned   func() (*metadataMap, error) // where the tables lie, found once
}

var _ container.Container = (*Image)(nil)

// Caches. Tables are read in pages, not whole: an L2 table of 64 KiB costs 16 times what one entry of it needs.
const (
	pageSize      = 4 << 10
	pagesKept     = 128
	unpackedKept  = 64
	unpackedBytes = 4 << 20
)

// Open reads the header of an image file of the given size in bytes. When it names a backing file, below opens that; its
// error is returned. Open returns a *[container.Refused] for an image that is not read: encrypted, corrupt, truncated, of
// extended L2 entries, with an external data file, or with a backing file of no format. Closing the image closes the file
// and the backing disk; an image that is not opened leaves the file open.
func Open(f File, size int64, below func(Backing) (container.Disk, error)) (*Image, error) {
	h, err := readHeader(f, size)
	if err != nil {
		return nil, err
	}
	q := &Image{header: h, file: f, pages: newLRU(pagesKept)}
	q.unpacked = newLRU(max(2, min(unpackedKept, int(unpackedBytes/h.cluster()))))
	q.inPlace = sync.OnceValue(q.checkInPlace)
	q.owned = sync.OnceValues(q.mapMetadata)
	if h.backing.Name == "" {
		return q, nil
	}
	if h.backing.Format == "" {
		return nil, &container.Refused{
			Kind:   container.NoBackingFormat,
			Detail: fmt.Sprintf("state it with qemu-img rebase -u -b %q -F FORMAT", h.backing.Name),
		}
	}
	q.below, err = below(h.backing)
	if err != nil {
		return nil, err
	}
	return q, nil
}

// Format implements [container.Container].
func (q *Image) Format() container.Format { return container.QCOW2 }

// Size implements [container.Disk].
func (q *Image) Size() int64 { return q.size }

// Backing returns what the header says of the backing file; the zero value when there is none.
func (q *Image) Backing() Backing { return q.backing }

// ClusterSize returns the size of a cluster in bytes.
func (q *Image) ClusterSize() int64 { return q.cluster() }

// Version returns 2 or 3.
func (q *Image) Version() int { return q.version }

// Close closes the file and the backing disk, and zeroes what was kept of them in memory.
func (q *Image) Close() error {
	q.mu.Lock()
	q.unpacked.wipe()
	q.mu.Unlock()
	err := q.file.Close()
	if q.below != nil {
		err = errors.Join(err, q.below.Close())
	}
	return err
}

// ReadAt implements [io.ReaderAt] for the virtual disk.
func (q *Image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("qcow2: negative offset")
	}
	done := 0
	for done < len(p) && off < q.size {
		in := off & (q.cluster() - 1)
		n := min(int64(len(p)-done), q.cluster()-in, q.size-off)
		if err := q.readCluster(p[done:done+int(n)], off, in); err != nil {
			return done, err
		}
		done, off = done+int(n), off+n
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// readCluster reads within one cluster: in bytes after its begin.
func (q *Image) readCluster(p []byte, off, in int64) error {
	m, err := q.lookup(off)
	if err != nil {
		return err
	}
	switch m.kind {
	case data:
		return q.readHost(p, m.host+in)
	case compressed:
		return q.readCompressed(p, m, in)
	case absent:
		if q.below != nil {
			return readBelow(q.below, p, off)
		}
	}
	clear(p)
	return nil
}

// readBelow reads the backing disk, which is zero behind its end.
func readBelow(d container.Disk, p []byte, off int64) error {
	if off >= d.Size() {
		clear(p)
		return nil
	}
	n := int(min(int64(len(p)), d.Size()-off))
	got, err := d.ReadAt(p[:n], off)
	if got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("the backing file: %w", err)
	}
	clear(p[n:])
	return nil
}

// readHost reads the file. The last cluster may be cut short, and is zero from there on; a range that begins behind the
// end is an error.
func (q *Image) readHost(p []byte, off int64) error {
	if off&^(q.cluster()-1) >= q.fileSize {
		return q.beyondEnd(off)
	}
	n, err := q.file.ReadAt(p, off)
	if n < len(p) {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if off+int64(n) < q.fileSize {
			return io.ErrUnexpectedEOF // somebody cut the file while it was open
		}
		clear(p[n:])
	}
	return nil
}

func (q *Image) beyondEnd(off int64) error {
	return &container.Refused{
		Kind:   container.Truncated,
		Detail: fmt.Sprintf("the file has %d bytes and refers to offset %d: copy it again", q.fileSize, off),
	}
}

// kind is what an L2 entry says of a cluster.
type kind int

const (
	absent     kind = iota // the backing disk has it
	zero                   // reads as zero; host is 0 or a cluster kept for it
	data                   // at host
	compressed             // at host, length bytes at most
)

// mapping says where a cluster lies.
type mapping struct {
	kind   kind
	host   int64 // offset in the file
	length int64 // of the compressed data, rounded up to sectors of the file
	copied bool
	table  int64 // where the L2 table begins; 0 when there is none
	entry  int64 // where the L2 entry lies in the file; meaningless when there is no table
}

// lookup finds the cluster of a place on the virtual disk.
func (q *Image) lookup(off int64) (mapping, error) {
	i := off >> q.bits
	table, err := q.l2Table(i / q.l2Entries())
	if err != nil || table == 0 {
		return mapping{}, err
	}
	m := mapping{table: table, entry: table + i%q.l2Entries()*entryBytes}
	e, err := q.word(m.entry)
	if err != nil {
		return m, err
	}
	m.copied = e&flagCopied != 0
	if e&flagCompressed != 0 {
		return q.compressedMapping(m, e)
	}
	m.host = int64(e & offsetMask)
	if e&^(flagCopied|flagZero|offsetMask) != 0 || e&flagZero != 0 && q.version == 2 || m.host&(q.cluster()-1) != 0 {
		return m, corrupt("the L2 entry at offset %d is 0x%x", m.entry, e)
	}
	switch {
	case e&flagZero != 0:
		m.kind = zero
	case m.host != 0:
		m.kind = data
	case m.copied:
		return m, corrupt("the L2 entry at offset %d is 0x%x", m.entry, e)
	}
	return m, nil
}

// compressedMapping decodes the entry of a compressed cluster (qcow2.txt, "Compressed Clusters Descriptor").
func (q *Image) compressedMapping(m mapping, e uint64) (mapping, error) {
	shift := 62 - (q.bits - 8)
	m.kind = compressed
	m.host = int64(e & (1<<shift - 1))
	sectors := int64(e>>shift)&(1<<(q.bits-8)-1) + 1
	m.length = sectors*512 - m.host%512
	if m.copied || m.host >= 1<<56 {
		return m, corrupt("the L2 entry at offset %d is 0x%x", m.entry, e)
	}
	if m.host >= q.fileSize {
		return m, q.beyondEnd(m.host)
	}
	return m, nil
}

// l2Table returns where an L2 table begins, 0 when there is none.
func (q *Image) l2Table(l1Index int64) (int64, error) {
	e, err := q.word(q.l1Off + l1Index*entryBytes)
	if err != nil {
		return 0, err
	}
	return q.checkL1Entry(e, l1Index)
}

func (q *Image) checkL1Entry(e uint64, l1Index int64) (int64, error) {
	table := int64(e & offsetMask)
	if e&^(flagCopied|offsetMask) != 0 || table&(q.cluster()-1) != 0 || table == 0 && e != 0 {
		return 0, corrupt("the L1 entry %d is 0x%x", l1Index, e)
	}
	if table >= q.fileSize {
		return 0, q.beyondEnd(table)
	}
	return table, nil
}

// word reads a big-endian number of 8 bytes at a multiple of 8 in a table.
func (q *Image) word(off int64) (uint64, error) {
	p, err := q.page(off)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(p[off%pageSize:]), nil
}

// page returns the page of the file around off. What lies behind the file's end is zero.
func (q *Image) page(off int64) ([]byte, error) {
	at := off &^ (pageSize - 1)
	q.mu.Lock()
	p := q.pages.get(at)
	q.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p = make([]byte, pageSize)
	if n, err := q.file.ReadAt(p, at); err != nil && !errors.Is(err, io.EOF) && n < pageSize {
		return nil, err
	}
	q.mu.Lock()
	q.pages.put(at, p)
	q.mu.Unlock()
	return p, nil
}
