package regf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Hive is an open registry hive: the primary file under an overlay of the pages that pending log entries and edits have
// changed. It reads only what is asked for, in pages of 4 KiB. A Hive is not safe for concurrent use.
type Hive struct {
	files    Files
	fileSize int64  // length of the primary file
	base     header // as recovered; sequence numbers as on disk
	size     uint32 // hive bins data size, with pending growth
	diskSize uint32 // hive bins data size as the primary file's pages have it, before edits
	// recoveredSize is the size after the logs were applied, before edits.
	recoveredSize uint32

	pages     map[uint32]*page // by index: rel / pageSize
	cleanLoad int              // clean pages in the cache

	recovery Recovery
	wasDirty bool // when it was opened
	log      logState

	bins    []bin             // proven bins in order
	walked  bool              // bins has all of them
	heads   map[uint32]heads  // where bins seem to begin in the primary file, by reads of headsPerRead pages
	scratch []byte            // for those reads
	room    map[uint32]uint32 // by bin: no free cell in it is larger; absent when not known
	dirtied []uint32          // indexes of the dirty pages, in the order in which they became so
	puts    int               // writes into the overlay since Open
	broken  error             // an edit failed half-way: no commit any more
	apart   bool              // see Apart
	kept    []uint32          // cells that the commit frees

	// Now is the clock for the last-write times of keys; nil means time.Now.
	Now func() time.Time
}

// Recovery tells what opening found in the logs.
type Recovery struct {
	Dirty    bool   // the hive was not closed cleanly
	Entries  int    // pending log entries that were applied, in memory
	First    uint32 // sequence number of the first of them
	Last     uint32 // and of the last
	OldLog   bool   // they were in a log of the format of Windows 8 and older, which holds one entry
	Orphaned int    // clean hive: log entries that are newer than the hive (another tool cleared the dirty flag)
}

type page struct {
	data    [pageSize]byte
	dirty   bool // edited since the last commit
	pending bool // from a log entry, not yet in the primary file

	before *[pageSize]byte // pending page of an old log: as recovered, before the first edit
}

// maxCleanPages bounds the cache of unchanged pages (10 MiB).
const maxCleanPages = 2048

// Open reads the header of a hive and, when the hive was not closed cleanly, applies its logs in memory. Nothing is
// written before [Hive.Commit].
func Open(f Files) (*Hive, error) {
	h := &Hive{files: f, pages: map[uint32]*page{}, room: map[uint32]uint32{}, heads: map[uint32]heads{}}
	if f.Primary == nil {
		return nil, fmt.Errorf("%w: there is no primary file", ErrNotHive)
	}
	var err error
	if h.fileSize, err = f.Primary.Size(); err != nil {
		return nil, err
	}
	if h.fileSize < headerSize {
		return nil, fmt.Errorf("%w: %d bytes are too short", ErrNotHive, h.fileSize)
	}
	if _, err := f.Primary.ReadAt(h.base[:], 0); err != nil {
		return nil, err
	}
	if err := h.recover(); err != nil {
		return nil, err
	}
	return h, h.checkBase()
}

// checkBase verifies the recovered header.
func (h *Hive) checkBase() error {
	if err := h.base.checkIdentity(); err != nil {
		return err
	}
	if h.size == 0 || h.size%pageSize != 0 || h.size > maxHiveSize {
		return fmt.Errorf("%w: the hive bins data size is %d", ErrCorrupt, h.size)
	}
	// What lies beyond the end of the file must all be in the logs: no header may make anyone write what nobody has sent.
	for end := uint32(max(h.fileSize-headerSize, 0) / pageSize); end < h.size/pageSize; end++ {
		if h.pages[end] == nil {
			return fmt.Errorf("%w: the file has %d bytes, its header says %d", ErrCorrupt, h.fileSize, headerSize+int64(h.size))
		}
	}
	return nil
}

// Recovery tells what opening found in the logs.
func (h *Hive) Recovery() Recovery { return h.recovery }

// Version returns the format version, such as 1.5.
func (h *Hive) Version() (major, minor uint32) { return h.base.u32(baseMajor), h.base.u32(baseMinor) }

// DataSize returns the size of the hive bins data in bytes, edits included.
func (h *Hive) DataSize() uint32 { return h.size }

// Sequences returns the two sequence numbers of the primary file's header; they differ in a dirty hive.
func (h *Hive) Sequences() (primary, secondary uint32) {
	return h.base.primarySeq(), h.base.secondarySeq()
}

// page returns the page with the given index, read on demand.
func (h *Hive) page(index uint32) (*page, error) {
	if p := h.pages[index]; p != nil {
		return p, nil
	}
	p := new(page)
	off := headerSize + int64(index)*pageSize
	if _, err := h.files.Primary.ReadAt(p.data[:], off); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, corrupt(index*pageSize, "the file ends before this page")
		}
		return nil, fmt.Errorf("reading the hive at offset %d: %w", off, err)
	}
	if h.cleanLoad++; h.cleanLoad > maxCleanPages {
		h.dropCleanPages()
	}
	h.pages[index] = p
	return p, nil
}

func (h *Hive) dropCleanPages() {
	for i, p := range h.pages {
		if !p.dirty && !p.pending {
			delete(h.pages, i)
		}
	}
	h.cleanLoad = 0
}

// view returns n bytes at rel. Within one page it is a window on the page, valid until the next change; callers that
// keep or hand out the bytes copy them.
func (h *Hive) view(rel, n uint32) ([]byte, error) {
	if uint64(rel)+uint64(n) > uint64(h.size) {
		return nil, corrupt(rel, "%d bytes reach beyond the end of the hive", n)
	}
	if n == 0 {
		return nil, nil
	}
	first, in := rel/pageSize, rel%pageSize
	if in+n <= pageSize {
		p, err := h.page(first)
		if err != nil {
			return nil, err
		}
		return p.data[in : in+n], nil
	}
	// The size is bounded by the hive, but a damaged size must not cost memory for pages that are not there.
	out := make([]byte, 0, min(n, 1<<20))
	for uint32(len(out)) < n {
		at := rel + uint32(len(out))
		p, err := h.page(at / pageSize)
		if err != nil {
			return nil, err
		}
		rest := n - uint32(len(out))
		chunk := p.data[at%pageSize:]
		out = append(out, chunk[:min(uint32(len(chunk)), rest)]...)
	}
	return out, nil
}

// put writes b at rel into the overlay.
func (h *Hive) put(rel uint32, b []byte) error {
	if uint64(rel)+uint64(len(b)) > uint64(h.size) {
		return corrupt(rel, "a write of %d bytes reaches beyond the end of the hive", len(b))
	}
	for len(b) > 0 {
		p, err := h.page(rel / pageSize)
		if err != nil {
			return err
		}
		h.markDirty(p, rel/pageSize)
		n := copy(p.data[rel%pageSize:], b)
		b, rel = b[n:], rel+uint32(n)
	}
	h.puts++
	return nil
}

func (h *Hive) markDirty(p *page, index uint32) {
	if !p.dirty {
		if p.pending && h.recovery.OldLog {
			before := p.data
			p.before = &before
		}
		p.dirty = true
		h.dirtied = append(h.dirtied, index)
	}
}

func (h *Hive) u32(rel uint32) (uint32, error) {
	b, err := h.view(rel, 4)
	if err != nil {
		return 0, err
	}
	return le.Uint32(b), nil
}

func (h *Hive) putU32(rel, v uint32) error {
	var b [4]byte
	le.PutUint32(b[:], v)
	return h.put(rel, b[:])
}

func (h *Hive) putU16(rel uint32, v uint16) error {
	var b [2]byte
	le.PutUint16(b[:], v)
	return h.put(rel, b[:])
}

// payload returns the position and length of an allocated cell's content.
func (h *Hive) payload(cell uint32) (rel, n uint32, err error) {
	if cell%8 != 0 || cell < binHeader || cell > h.size-8 {
		return 0, 0, corrupt(cell, "no cell can be here")
	}
	raw, err := h.u32(cell)
	if err != nil {
		return 0, 0, err
	}
	size := -int64(int32(raw))
	switch {
	case size <= 0:
		return 0, 0, corrupt(cell, "the cell is free, but something refers to it")
	case size < 8 || size%8 != 0 || uint64(cell)+uint64(size) > uint64(h.size):
		return 0, 0, corrupt(cell, "the cell has the impossible size %d", size)
	}
	return cell + 4, uint32(size) - 4, nil
}

// record returns the first n bytes of an allocated cell with the given two-letter signature.
func (h *Hive) record(cell uint32, signature string, n uint32) (rel uint32, b []byte, length uint32, err error) {
	rel, length, err = h.payload(cell)
	if err != nil {
		return 0, nil, 0, err
	}
	if length < n {
		return 0, nil, 0, corrupt(cell, "the %s record is too short (%d bytes)", signature, length)
	}
	if b, err = h.view(rel, n); err != nil {
		return 0, nil, 0, err
	}
	if string(b[:2]) != signature {
		return 0, nil, 0, corrupt(cell, "expected a record %q, found %q", signature, b[:2])
	}
	return rel, b, length, nil
}

// pageIndexes returns the indexes of the pages for which want is true, ascending.
func (h *Hive) pageIndexes(want func(*page) bool) []uint32 {
	var out []uint32
	for i, p := range h.pages {
		if want(p) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

func (h *Hive) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// filetime is the number of 100 ns since 1601-01-01 UTC.
func filetime(t time.Time) uint64 {
	const epoch = 116444736000000000 // 1970-01-01 in FILETIME
	return uint64(t.UnixNano()/100 + epoch)
}
