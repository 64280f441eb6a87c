package regf

import (
	"fmt"
	"slices"
)

// FileID names one of the files of a hive.
type FileID int

// The files of a hive.
const (
	FilePrimary FileID = iota
	FileLog1
	FileLog2
)

// String returns "primary", "log 1" or "log 2".
func (id FileID) String() string { return [...]string{"primary", "log 1", "log 2"}[id] }

// Op is one step of a commit: a write, or a barrier that everything before it must have reached the disk. A directory, a
// disk image and a crash test all execute the same list.
type Op struct {
	File    FileID
	Barrier bool
	Offset  int64
	Data    []byte // nil for a barrier
	// Stale: what the log holds there means nothing before the commit, behind the log's header. It may be an old entry, with
	// data that is deleted by now.
	Stale bool
}

// CommitPlan is the ordered list of operations that makes the pending changes durable.
type CommitPlan struct {
	Ops []Op
	// Durable is the index in Ops of the first operation after the barrier that makes the change durable. Before it, the
	// hive is the old one; from then on it is the new one, by its logs or by itself.
	Durable int

	seq  uint32 // sequence numbers of the clean hive that results
	base header // and the rest of its header
	log  int    // index in Ops of the write into the log
}

// CommitOptions change how a commit works.
type CommitOptions struct {
	// Scrub also overwrites, after the commit, what older entries have left in both logs, so that no byte of what was
	// deleted stays on the disk. The hive is clean then, and nothing needs those entries.
	Scrub bool
	// Forget overwrites, after the commit, the entry that this commit has put into the log: new secret data is in one place
	// of the disk then, not in two.
	Forget bool
	// Atomic writes the pages and a clean header alone, with no entry in a log and no barrier. It is for whoever makes all
	// writes one, such as into a disk that nobody sees before it is whole: interrupted half-way anywhere else, the hive is
	// lost. Older entries stay in the logs, and older than the header, so that nobody applies them.
	Atomic bool
}

// CommitReport tells what a commit did.
type CommitReport struct {
	Pages        int   // pages written to the primary file
	BytesWritten int64 // all files together
	Syncs        int
}

// A CommitError is a failure while a commit was being written.
type CommitError struct {
	// Durable: the change is in the log and will be completed by whatever opens the hive next, this engine or Windows.
	// Otherwise the hive is as it was before, unless Uncertain.
	Durable bool
	// Uncertain: the failure could not be undone. The hive is sound, but opens as the old or as the new one.
	Uncertain bool
	Err       error
}

// Error implements error.
func (e *CommitError) Error() string {
	switch {
	case e.Uncertain:
		return "writing the hive failed and could not be undone; it opens as the old or as the new one: " + e.Err.Error()
	case e.Durable:
		return "writing the hive stopped half-way; its log completes the change when it is opened next: " + e.Err.Error()
	}
	return "the hive could not be written and is as it was: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *CommitError) Unwrap() error { return e.Err }

// Changed tells whether there is anything to commit.
func (h *Hive) Changed() bool { return len(h.dirtied) > 0 }

// Commit writes the pending changes with the write-ahead protocol of Windows (docs/internals/regf.md §3.3, §3.4): at
// every instant the hive opens as the old or as the new one. Without pending changes it writes nothing (but scrubs when
// asked to).
func (h *Hive) Commit(o CommitOptions) (CommitReport, error) {
	var report CommitReport
	if h.broken != nil {
		return report, h.broken
	}
	if err := h.releaseKept(); err != nil {
		return report, err
	}
	if h.Changed() {
		plan, err := h.planFor(o)
		if err != nil {
			return report, err
		}
		if err := h.execute(plan, &report); err != nil {
			h.broken = err
			return report, err
		}
		if o.Forget && !o.Scrub && !o.Atomic {
			if err := h.forget(plan, &report); err != nil {
				return report, err
			}
		}
		if err := h.committed(plan); err != nil {
			return report, err
		}
	}
	if o.Scrub {
		return report, h.scrubLogs(&report)
	}
	return report, nil
}

// planFor makes the plan of a commit, and the log that it needs.
func (h *Hive) planFor(o CommitOptions) (*CommitPlan, error) {
	if o.Atomic {
		return h.planAtomic(), nil
	}
	if err := h.needLog(); err != nil {
		return nil, err
	}
	return h.Plan()
}

// planAtomic writes all pages that differ from the file, and a clean header that is newer than every entry of the logs.
func (h *Hive) planAtomic() *CommitPlan {
	seq := h.base.primarySeq()
	if h.recovery.Dirty && !h.oldLogs() {
		seq = h.recovery.Last + 1
	}
	if h.log.any && seqDiff(h.log.newest, seq) >= 0 {
		seq = h.log.newest + 1
	}
	p := &CommitPlan{seq: seq + 1, base: h.base}
	h.writePages(p, h.pageIndexes(func(p *page) bool { return p.dirty || p.pending }))
	final := h.base.sealed(typePrimary, seq+1, seq+1, h.size)
	p.write(FilePrimary, 0, final[:])
	p.Durable = len(p.Ops) // a failure before the end is undone
	return p
}

// needLog creates the first log when there is none.
func (h *Hive) needLog() error {
	if h.file(h.activeLog()) != nil {
		return nil
	}
	if h.files.CreateLog == nil {
		return ErrNoLog
	}
	log, err := h.files.CreateLog()
	if err != nil {
		return fmt.Errorf("creating the hive's log: %w", err)
	}
	h.files.Log1 = log
	return nil
}

// Plan returns the operations that would make the pending changes durable. It writes nothing.
func (h *Hive) Plan() (*CommitPlan, error) {
	if h.broken != nil {
		return nil, h.broken
	}
	switch {
	case h.oldLogs():
		return h.planOld()
	case h.recovery.Dirty:
		return h.planDirty()
	}
	return h.planClean()
}

// oldLogs tells whether commits write the log format of Windows 8 and older: when the hive's logs have it, or when it has
// none and the caller says so.
func (h *Hive) oldLogs() bool {
	return h.recovery.OldLog || !h.log.any && (len(h.log.dirt) > 0 || h.files.OldLogs)
}

// activeLog is the log that a commit writes.
func (h *Hive) activeLog() FileID {
	switch {
	case h.oldLogs() && len(h.log.dirt) > 0:
		return h.log.dirt[0].id
	case h.recovery.Dirty:
		return h.log.active
	}
	return FileLog1
}

// planClean is the protocol of docs/internals/regf.md §3.3: log, header, pages, header.
func (h *Hive) planClean() (*CommitPlan, error) {
	seq := h.base.primarySeq()
	if h.log.any && seqDiff(h.log.newest, seq) >= 0 {
		seq = h.log.newest + 1 // older tools left entries that must not come alive again (healing rule)
	}
	dirty := slices.Sorted(slices.Values(h.dirtied))
	logHead := h.base.sealed(typeLogHvLE, seq, seq, h.size)
	log := append(logHead[:], h.entry(seq, dirty, sectorSize)...)

	p := &CommitPlan{seq: seq + 1, base: h.base}
	p.write(FileLog1, 0, log)
	p.Ops[0].Stale = !h.wasDirty
	p.barrier(FileLog1)
	h.finish(p, seq, dirty)
	return p, nil
}

// finish writes the primary file of a clean hive: a dirty header, the pages, a clean header. The dirty header makes the
// change durable, since nobody looks into the logs of a hive that says it is clean.
func (h *Hive) finish(p *CommitPlan, seq uint32, dirty []uint32) {
	pending := h.base.sealed(typePrimary, seq+1, seq, h.diskSize)
	p.write(FilePrimary, 0, pending[:])
	p.barrier(FilePrimary)
	p.Durable = len(p.Ops)
	h.writePages(p, dirty)
	p.barrier(FilePrimary)
	final := h.base.sealed(typePrimary, seq+1, seq+1, h.size)
	p.write(FilePrimary, 0, final[:])
	p.barrier(FilePrimary)
}

// planDirty is the protocol of docs/internals/regf.md §3.4: the entry goes behind the pending ones, then everything is
// reconciled.
func (h *Hive) planDirty() (*CommitPlan, error) {
	seq := h.recovery.Last + 1
	dirty := slices.Sorted(slices.Values(h.dirtied))
	p := &CommitPlan{seq: seq + 1, base: h.base}
	p.write(h.log.active, h.log.end, h.entry(seq, dirty, h.log.end))
	p.Ops[0].Stale = true // it is behind the last entry
	p.barrier(h.log.active)
	p.Durable = len(p.Ops)
	if h.log.badBase { // until now only the newest log could replace the header; a dirty one points to it
		head := h.base.sealed(typePrimary, seq+1, h.recovery.First, h.diskSize)
		p.write(FilePrimary, 0, head[:])
		p.barrier(FilePrimary)
	}
	h.writePages(p, h.pageIndexes(func(p *page) bool { return p.dirty || p.pending }))
	p.barrier(FilePrimary)
	final := h.base.sealed(typePrimary, seq+1, seq+1, h.size)
	p.write(FilePrimary, 0, final[:])
	p.barrier(FilePrimary)
	return p, nil
}

func (p *CommitPlan) write(f FileID, off int64, data []byte) {
	p.Ops = append(p.Ops, Op{File: f, Offset: off, Data: data})
}

func (p *CommitPlan) barrier(f FileID) { p.Ops = append(p.Ops, Op{File: f, Barrier: true}) }

// writePages adds one write per run of adjacent pages.
func (h *Hive) writePages(p *CommitPlan, indexes []uint32) {
	for _, r := range runs(indexes) {
		p.write(FilePrimary, headerSize+int64(r.rel), h.runData(r))
	}
}

// runs merges adjacent pages.
func runs(indexes []uint32) []pageRef {
	var out []pageRef
	for _, i := range indexes {
		if n := len(out); n > 0 && out[n-1].rel+out[n-1].length == i*pageSize {
			out[n-1].length += pageSize
			continue
		}
		out = append(out, pageRef{rel: i * pageSize, length: pageSize})
	}
	return out
}

func (h *Hive) runData(r pageRef) []byte {
	data := make([]byte, 0, r.length)
	for i := r.rel / pageSize; i < (r.rel+r.length)/pageSize; i++ {
		data = append(data, h.pages[i].data[:]...)
	}
	return data
}

// entry makes one HvLE log entry for position pos of the log, padded so that it ends on a page
// (docs/internals/regf.md §3.1).
func (h *Hive) entry(seq uint32, indexes []uint32, pos int64) []byte {
	refs := runs(indexes)
	size := int64(entryHeader + 8*len(refs))
	for _, r := range refs {
		size += int64(r.length)
	}
	size = (pos+size+pageSize-1)&^(pageSize-1) - pos
	b := make([]byte, entryHeader, size)
	copy(b, "HvLE")
	le.PutUint32(b[4:], uint32(size))
	le.PutUint32(b[8:], h.base.u32(baseFlags)&1)
	le.PutUint32(b[12:], seq)
	le.PutUint32(b[16:], h.size)
	le.PutUint32(b[20:], uint32(len(refs)))
	for _, r := range refs {
		b = le.AppendUint32(b, r.rel)
		b = le.AppendUint32(b, r.length)
	}
	for _, r := range refs {
		b = append(b, h.runData(r)...)
	}
	b = append(b, make([]byte, size-int64(len(b)))...)
	le.PutUint64(b[24:], logHash(b[entryHeader:]))
	le.PutUint64(b[32:], logHash(b[:32]))
	return b
}

func (h *Hive) file(id FileID) File {
	return [...]File{h.files.Primary, h.files.Log1, h.files.Log2}[id]
}
