package regf

import (
	"fmt"
	"sort"
)

// logFile is one transaction log as found.
type logFile struct {
	id   FileID
	file File
	size int64
	head header
}

// logState is what a commit must know of the logs.
type logState struct {
	active  FileID    // the log that holds the last applied entry; meaningful when the hive is dirty
	end     int64     // where the next entry goes in it
	newest  uint32    // highest sequence number in either log; meaningful when any
	any     bool      // a log has a valid header or entry
	dirt    []logFile // valid logs in the format of Windows 8 and older
	badBase bool      // the primary header was replaced from a log
}

// entry is one HvLE log entry (docs/internals/regf.md §3.1).
type entry struct {
	seq, flags, dataSize uint32
	size, count          int64
	refs                 []pageRef
}

// pageRef is one run of pages in an entry.
type pageRef struct {
	rel, length uint32
	at          int64 // position of the data in the log file
}

// maxEntrySize bounds what one entry may make us read: no entry can carry more than a whole hive.
const (
	entryHeader  = 40
	maxEntrySize = maxHiveSize
)

// recover decides whether the hive is dirty and applies the logs in memory (docs/internals/regf.md §4).
func (h *Hive) recover() error {
	logs, err := h.openLogs()
	if err != nil {
		return err
	}
	headOK := h.base.signatureOK() && h.base.checksumOK()
	if headOK && h.base.primarySeq() == h.base.secondarySeq() {
		h.size = h.base.dataSize()
		h.diskSize = h.size
		return h.findOrphans(logs)
	}
	if headOK || len(logs) == 0 && len(h.log.dirt) == 0 {
		if err := h.base.checkIdentity(); err != nil {
			return err
		}
	}
	h.recovery.Dirty, h.wasDirty = true, true
	if len(logs) == 0 && len(h.log.dirt) > 0 {
		h.diskSize = h.base.dataSize()
		if applied, err := h.recoverOld(headOK); applied || err != nil {
			return err
		}
	}
	if !headOK {
		if logs, err = h.baseFromLog(logs); err != nil {
			return err
		}
	}
	h.size = h.base.dataSize()
	h.diskSize = h.size
	if err := h.replay(logs); err != nil {
		return err
	}
	if h.recovery.Entries == 0 {
		if h.files.AsIs && headOK {
			h.broken = ErrUnrecoverable
			return nil
		}
		return fmt.Errorf("%w (sequence numbers %d and %d)", ErrUnrecoverable, h.base.primarySeq(), h.base.secondarySeq())
	}
	return nil
}

// openLogs reads the headers of the logs and keeps the ones that can hold entries.
func (h *Hive) openLogs() ([]logFile, error) {
	var logs []logFile
	for _, l := range []logFile{{id: FileLog1, file: h.files.Log1}, {id: FileLog2, file: h.files.Log2}} {
		if l.file == nil {
			continue
		}
		var err error
		if l.size, err = l.file.Size(); err != nil {
			return nil, err
		}
		if l.size < sectorSize {
			continue
		}
		if _, err := l.file.ReadAt(l.head[:], 0); err != nil {
			return nil, err
		}
		if !l.head.signatureOK() || !l.head.checksumOK() {
			continue
		}
		switch t := l.head.u32(baseType); {
		case t == typeLogHvLE && l.head.primarySeq() == l.head.secondarySeq():
			logs = append(logs, l)
		case (t == typeLogDIRT || t == typeLogOldest) && l.head.primarySeq() == l.head.secondarySeq():
			h.log.dirt = append(h.log.dirt, l)
		}
	}
	sort.SliceStable(logs, func(i, j int) bool {
		return seqDiff(logs[i].head.primarySeq(), logs[j].head.primarySeq()) < 0
	})
	for _, l := range logs {
		h.log.see(l.head.primarySeq())
	}
	return logs, nil
}

// seqDiff compares sequence numbers, which wrap around.
func seqDiff(a, b uint32) int32 { return int32(a - b) }

func (s *logState) see(seq uint32) {
	if !s.any || seqDiff(seq, s.newest) > 0 {
		s.any, s.newest = true, seq
	}
}

// findOrphans counts entries of a clean hive that are not older than the hive: some tool has cleared the dirty flag
// without applying them. They must not be applied, and the next commit must not let them come alive again. Their heads
// tell enough; an entry with a damaged body counts, too.
func (h *Hive) findOrphans(logs []logFile) error {
	next := h.base.primarySeq()
	for _, l := range logs {
		want := l.head.primarySeq()
		for pos := int64(sectorSize); ; {
			e, _, ok, err := l.entryHead(pos, want)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			h.log.see(e.seq)
			if seqDiff(e.seq, next) >= 0 {
				h.recovery.Orphaned++
			}
			pos += e.size
			want++
		}
	}
	return nil
}

// baseFromLog replaces a damaged primary header by the one of the newest log, and keeps only that log.
func (h *Hive) baseFromLog(logs []logFile) ([]logFile, error) {
	if len(logs) == 0 {
		return nil, fmt.Errorf("%w: the header's checksum is wrong and no log can replace it", ErrUnrecoverable)
	}
	newest := logs[len(logs)-1]
	h.base = newest.head.sealed(typePrimary, newest.head.primarySeq(), newest.head.secondarySeq(), newest.head.dataSize())
	h.log.badBase = true
	return []logFile{newest}, nil
}

// replay applies the entries of the logs, oldest log first.
func (h *Hive) replay(logs []logFile) error {
	var last uint32
	have := false
	for _, l := range logs {
		start := l.head.primarySeq()
		if !have && !h.log.badBase && seqDiff(start, h.base.secondarySeq()) < 0 {
			continue // stale
		}
		if have && start != last+1 {
			break
		}
		want := start
		for pos := int64(sectorSize); ; {
			e, ok, err := l.readEntry(pos, want)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if err := h.applyEntry(l, e); err != nil {
				return err
			}
			if h.recovery.Entries == 0 {
				h.recovery.First = e.seq
			}
			h.recovery.Entries++
			last, have = e.seq, true
			want++
			pos += e.size
			h.log.active, h.log.end = l.id, pos
		}
	}
	if have {
		h.recovery.Last = last
		h.log.see(last)
	}
	return nil
}

// entryHead reads the first 40 bytes of the entry at pos. ok is false when no entry with the wanted sequence number begins
// there; err is only for failures to read.
func (l logFile) entryHead(pos int64, want uint32) (e entry, h [entryHeader]byte, ok bool, err error) {
	if pos+sectorSize > l.size {
		return e, h, false, nil
	}
	if _, err := l.file.ReadAt(h[:], pos); err != nil {
		return e, h, false, fmt.Errorf("reading the log at offset %d: %w", pos, err)
	}
	e = entry{
		seq: le.Uint32(h[12:]), flags: le.Uint32(h[8:]), dataSize: le.Uint32(h[16:]),
		size: int64(le.Uint32(h[4:])), count: int64(le.Uint32(h[20:])),
	}
	ok = string(h[:4]) == "HvLE" && e.seq == want &&
		e.size >= sectorSize && e.size%sectorSize == 0 && e.size <= maxEntrySize && pos+e.size <= l.size &&
		e.dataSize > 0 && e.dataSize%pageSize == 0 && e.dataSize <= maxHiveSize &&
		e.count > 0 && entryHeader+8*e.count <= e.size &&
		logHash(h[:32]) == le.Uint64(h[32:])
	return e, h, ok, nil
}

// readEntry reads a whole entry, its references included.
func (l logFile) readEntry(pos int64, want uint32) (e entry, ok bool, err error) {
	e, head, ok, err := l.entryHead(pos, want)
	if err != nil || !ok {
		return e, false, err
	}
	body := make([]byte, e.size-entryHeader)
	if _, err := l.file.ReadAt(body, pos+entryHeader); err != nil {
		return e, false, fmt.Errorf("reading the log at offset %d: %w", pos, err)
	}
	if logHash(body) != le.Uint64(head[24:]) {
		return e, false, nil
	}
	at := 8 * e.count
	for i := range e.count {
		r := pageRef{rel: le.Uint32(body[8*i:]), length: le.Uint32(body[8*i+4:]), at: pos + entryHeader + at}
		if r.length == 0 || r.rel%pageSize != 0 || r.length%pageSize != 0 ||
			uint64(r.rel)+uint64(r.length) > uint64(e.dataSize) || at+int64(r.length) > int64(len(body)) {
			return e, false, nil
		}
		at += int64(r.length)
		e.refs = append(e.refs, r)
	}
	return e, true, nil
}

// applyEntry copies the pages of an entry into the overlay.
func (h *Hive) applyEntry(l logFile, e entry) error {
	h.size = e.dataSize
	h.base.setU32(baseFlags, h.base.u32(baseFlags)&^1|e.flags&1)
	for _, r := range e.refs {
		for off := uint32(0); off < r.length; off += pageSize {
			p := &page{pending: true}
			if _, err := l.file.ReadAt(p.data[:], r.at+int64(off)); err != nil {
				return fmt.Errorf("reading the log at offset %d: %w", r.at+int64(off), err)
			}
			h.pages[(r.rel+off)/pageSize] = p
		}
	}
	return nil
}
