package regf

import "fmt"

// The log format of Windows 8 and older (docs/internals/regf.md §3.6): a copy of the base block, the signature DIRT, a
// bitmap with one bit for each 512-byte block of the hive, and the blocks whose bits are set.

const (
	dirtSignature = "DIRT"
	dirtBitmap    = sectorSize + 4
	blockSize     = 512
	blocksPerPage = pageSize / blockSize
	typeLogOldest = 2 // of Windows 2000 and older
	binTimestamp  = 20
)

// dirtBlocks returns where the blocks of a log for a hive of the given size begin.
func dirtBlocks(size uint32) int64 {
	bitmap := int64(size) / pageSize // one byte a page
	return (dirtBitmap + bitmap + sectorSize - 1) &^ (sectorSize - 1)
}

// recoverOld applies an old log to a dirty hive. applied is false when none belongs to it.
func (h *Hive) recoverOld(headOK bool) (applied bool, err error) {
	stamp := le.Uint64(h.base[baseLastWritten:])
	if !headOK {
		if stamp, err = h.firstBinTimestamp(); err != nil {
			return false, err
		}
	}
	for _, l := range h.log.dirt {
		if le.Uint64(l.head[baseLastWritten:]) != stamp {
			continue
		}
		applied, err := h.replayOld(l)
		if applied || err != nil {
			return applied, err
		}
	}
	return false, nil
}

// firstBinTimestamp identifies a hive whose header is damaged.
func (h *Hive) firstBinTimestamp() (uint64, error) {
	var b [binHeader]byte
	if _, err := h.files.Primary.ReadAt(b[:], headerSize); err != nil || string(b[:4]) != "hbin" {
		return 0, fmt.Errorf("%w: neither its header nor its first bin can be read", ErrUnrecoverable)
	}
	return le.Uint64(b[binTimestamp:]), nil
}

// replayOld copies the blocks of an old log into the overlay.
func (h *Hive) replayOld(l logFile) (applied bool, err error) {
	size := l.head.dataSize()
	blocks := dirtBlocks(size)
	if size == 0 || size%pageSize != 0 || size > maxHiveSize || blocks > l.size {
		return false, nil
	}
	head := make([]byte, blocks-sectorSize)
	if _, err := l.file.ReadAt(head, sectorSize); err != nil {
		return false, fmt.Errorf("reading the log: %w", err)
	}
	if string(head[:4]) != dirtSignature {
		return false, nil
	}
	bitmap := head[4 : 4+size/pageSize]
	count := int64(0)
	for _, b := range bitmap {
		for ; b != 0; b &= b - 1 {
			count++
		}
	}
	if blocks+count*blockSize > l.size {
		return false, nil
	}
	h.base = l.head.sealed(typePrimary, l.head.primarySeq(), l.head.secondarySeq(), size)
	h.size, h.recoveredSize = size, size
	at := blocks
	for index, bits := range bitmap {
		if bits == 0 {
			continue
		}
		if at, err = h.applyBlocks(l, uint32(index), bits, at); err != nil {
			return false, err
		}
	}
	seq := l.head.primarySeq()
	h.recovery = Recovery{Dirty: true, Entries: 1, First: seq, Last: seq, OldLog: true}
	return true, nil
}

// applyBlocks puts the blocks of one page in place and returns where the next ones are.
func (h *Hive) applyBlocks(l logFile, index uint32, bits byte, at int64) (int64, error) {
	p := &page{pending: true}
	if bits != 0xFF { // the rest of the page is the primary's; what is beyond its end is new
		off := headerSize + int64(index)*pageSize
		if off+pageSize <= h.fileSize {
			if _, err := h.files.Primary.ReadAt(p.data[:], off); err != nil {
				return 0, fmt.Errorf("reading the hive at offset %d: %w", off, err)
			}
		}
	}
	for i := range blocksPerPage {
		if bits&(1<<i) == 0 {
			continue
		}
		if _, err := l.file.ReadAt(p.data[i*blockSize:(i+1)*blockSize], at); err != nil {
			return 0, fmt.Errorf("reading the log at offset %d: %w", at, err)
		}
		at += blockSize
	}
	h.pages[index] = p
	return at, nil
}

// planOld is the protocol of Windows 8 and older: log, header, pages, header. A dirty hive is brought to its recovered
// state first, since an old log holds one set of changes only.
func (h *Hive) planOld() (*CommitPlan, error) {
	seq := h.base.primarySeq()
	p := &CommitPlan{seq: seq + 1}
	if h.recovery.Dirty {
		h.reconcileOld(p, seq)
	}
	stamp := filetime(h.now())
	defer func(recovered header) { h.base = recovered }(h.base) // a plan changes nothing yet
	le.PutUint64(h.base[baseLastWritten:], stamp)
	p.base = h.base
	if err := h.put(binTimestamp, le.AppendUint64(nil, stamp)); err != nil { // identifies the hive if the header tears
		return nil, err
	}
	dirty := h.pageIndexes(func(p *page) bool { return p.dirty })
	p.log = len(p.Ops)
	p.write(h.activeLog(), 0, h.oldEntry(seq+1, dirty))
	p.Ops[p.log].Stale = !h.wasDirty
	p.barrier(h.activeLog())
	// The first bin alone tells which log belongs to a hive whose header is torn, so it must tell before that can happen.
	p.write(FilePrimary, headerSize+binTimestamp, le.AppendUint64(nil, stamp))
	p.barrier(FilePrimary)
	h.finish(p, seq, dirty)
	return p, nil
}

// reconcileOld writes the recovered pages, as they were before any edit, and a clean header.
func (h *Hive) reconcileOld(p *CommitPlan, seq uint32) {
	for _, i := range h.pageIndexes(func(p *page) bool { return p.pending }) {
		data := h.pages[i].data
		if h.pages[i].before != nil {
			data = *h.pages[i].before
		}
		p.write(FilePrimary, headerSize+int64(i)*pageSize, append([]byte(nil), data[:]...))
	}
	p.barrier(FilePrimary)
	head := h.base.sealed(typePrimary, seq, seq, h.recoveredSize)
	p.write(FilePrimary, 0, head[:])
	p.barrier(FilePrimary)
	h.diskSize = h.recoveredSize
}

// oldEntry lays an old log out, with whole pages.
func (h *Hive) oldEntry(seq uint32, dirty []uint32) []byte {
	head := h.base.sealed(typeLogDIRT, seq, seq, h.size)
	b := make([]byte, dirtBlocks(h.size), dirtBlocks(h.size)+int64(len(dirty))*pageSize)
	copy(b, head[:])
	copy(b[sectorSize:], dirtSignature)
	for _, i := range dirty {
		b[dirtBitmap+i] = 0xFF
		b = append(b, h.pages[i].data[:]...)
	}
	return b
}
