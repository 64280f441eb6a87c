package regf

import (
	"errors"
	"fmt"
	"io"
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
}

// CommitPlan is the ordered list of operations that makes the pending changes durable.
type CommitPlan struct {
	Ops []Op
	// Durable is the index in Ops of the first operation after the barrier that makes the change durable. Before it, the
	// hive is the old one; from then on it is the new one, by its logs or by itself.
	Durable int

	seq uint32 // sequence numbers of the clean hive that results
}

// CommitOptions change how a commit works.
type CommitOptions struct {
	// Scrub also overwrites, after the commit, what older entries have left in both logs, so that no byte of what was
	// deleted stays on the disk. The hive is clean then, and nothing needs those entries.
	Scrub bool
	// Forget overwrites, after the commit, the entry that this commit has put into the log: new secret data is in one place
	// of the disk then, not in two.
	Forget bool
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
	// Otherwise the hive is as it was before.
	Durable bool
	Err     error
}

// Error implements error.
func (e *CommitError) Error() string {
	if e.Durable {
		return "writing the hive stopped half-way; its log completes the change when it is opened next: " + e.Err.Error()
	}
	return "the hive could not be written and is as it was: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *CommitError) Unwrap() error { return e.Err }

// Changed tells whether there is anything to commit.
func (h *Hive) Changed() bool { return len(h.dirtied) > 0 }

// Commit writes the pending changes with the write-ahead protocol of Windows (regf.md §3.3, §3.4): at every instant the
// hive opens as the old or as the new one. Without pending changes it writes nothing (but scrubs when asked to).
func (h *Hive) Commit(o CommitOptions) (CommitReport, error) {
	var report CommitReport
	if h.broken != nil {
		return report, h.broken
	}
	if h.Changed() {
		if err := h.needLog(); err != nil {
			return report, err
		}
		plan, err := h.Plan()
		if err != nil {
			return report, err
		}
		if err := h.execute(plan, &report); err != nil {
			h.broken = err
			return report, err
		}
		if o.Forget && !o.Scrub {
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

// needLog creates the first log when there is none.
func (h *Hive) needLog() error {
	if h.log.oldKind {
		return ErrOldLog
	}
	if h.files.Log1 != nil || h.recovery.Dirty {
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
	if h.recovery.Dirty {
		return h.planDirty()
	}
	return h.planClean()
}

// planClean is protocol A of regf.md §3.3: log, header, pages, header.
func (h *Hive) planClean() (*CommitPlan, error) {
	seq := h.base.primarySeq()
	if h.log.any && seqDiff(h.log.newest, seq) >= 0 {
		seq = h.log.newest + 1 // older tools left entries that must not come alive again (healing rule)
	}
	dirty := slices.Sorted(slices.Values(h.dirtied))
	logHead := h.base.sealed(typeLogHvLE, seq, seq, h.size)
	log := append(logHead[:], h.entry(seq, dirty, sectorSize)...)

	p := &CommitPlan{seq: seq + 1}
	p.write(FileLog1, 0, log)
	p.barrier(FileLog1)
	p.Durable = len(p.Ops)
	pending := h.base.sealed(typePrimary, seq+1, seq, h.diskSize)
	p.write(FilePrimary, 0, pending[:])
	p.barrier(FilePrimary)
	h.writePages(p, dirty)
	p.barrier(FilePrimary)
	final := h.base.sealed(typePrimary, seq+1, seq+1, h.size)
	p.write(FilePrimary, 0, final[:])
	p.barrier(FilePrimary)
	return p, nil
}

// planDirty is protocol B of regf.md §3.4: the entry goes behind the pending ones, then everything is reconciled.
func (h *Hive) planDirty() (*CommitPlan, error) {
	seq := h.recovery.Last + 1
	dirty := slices.Sorted(slices.Values(h.dirtied))
	p := &CommitPlan{seq: seq + 1}
	p.write(h.log.active, h.log.end, h.entry(seq, dirty, h.log.end))
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

// entry makes one HvLE log entry for position pos of the log, padded so that it ends on a page (regf.md §3.1).
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

// execute carries out a plan. What it needs beyond the ends of the files it takes first, so that a full disk is met before
// anything has changed; up to the durable point a failure is undone.
func (h *Hive) execute(p *CommitPlan, report *CommitReport) error {
	undo := &rollback{}
	if err := h.reserve(p, undo, report); err != nil {
		return &CommitError{Err: errors.Join(err, undo.run())}
	}
	for i, op := range p.Ops {
		f := h.file(op.File)
		if op.Barrier {
			report.Syncs++
			if err := f.Sync(); err != nil {
				return h.failed(i < p.Durable, undo, err)
			}
			continue
		}
		if i < p.Durable {
			if err := undo.save(f, op.Offset, len(op.Data)); err != nil {
				return h.failed(true, undo, err)
			}
		}
		if _, err := f.WriteAt(op.Data, op.Offset); err != nil {
			return h.failed(i < p.Durable, undo, err)
		}
		report.BytesWritten += int64(len(op.Data))
		if op.File == FilePrimary && op.Offset >= headerSize {
			report.Pages += len(op.Data) / pageSize
		}
	}
	return nil
}

func (h *Hive) failed(reversible bool, undo *rollback, err error) error {
	if reversible {
		return &CommitError{Err: errors.Join(err, undo.run())}
	}
	return &CommitError{Durable: true, Err: err}
}

// reserve grows the files to the lengths that the plan needs by writing real zeros.
func (h *Hive) reserve(p *CommitPlan, undo *rollback, report *CommitReport) error {
	need := map[FileID]int64{}
	for _, op := range p.Ops {
		need[op.File] = max(need[op.File], op.Offset+int64(len(op.Data)))
	}
	if h.fileSize%growthUnit == 0 && need[FilePrimary] > h.fileSize {
		need[FilePrimary] = (need[FilePrimary] + growthUnit - 1) &^ (growthUnit - 1)
	}
	for id, want := range need {
		f := h.file(id)
		have, err := f.Size()
		if err != nil {
			return err
		}
		if have >= want {
			continue
		}
		undo.truncate(f, have)
		if _, err := f.WriteAt(make([]byte, want-have), have); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		report.Syncs++
		report.BytesWritten += want - have
	}
	return nil
}

// rollback remembers what a failed commit must put back.
type rollback struct{ steps []func() error }

func (r *rollback) truncate(f File, size int64) {
	r.steps = append(r.steps, func() error { return f.Truncate(size) })
}

// save remembers n bytes at off, as far as the file has them.
func (r *rollback) save(f File, off int64, n int) error {
	old := make([]byte, n)
	got, err := f.ReadAt(old, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r.steps = append(r.steps, func() error {
		_, err := f.WriteAt(old[:got], off)
		return err
	})
	return nil
}

func (r *rollback) run() error {
	var errs []error
	for i := len(r.steps) - 1; i >= 0; i-- {
		errs = append(errs, r.steps[i]())
	}
	return errors.Join(errs...)
}

// committed brings the state in memory to what is on disk now: a clean hive.
func (h *Hive) committed(p *CommitPlan) error {
	h.base = h.base.sealed(typePrimary, p.seq, p.seq, h.size)
	h.diskSize = h.size
	h.recovery = Recovery{}
	h.log = logState{any: true, newest: p.seq - 1}
	h.dirtied = nil
	for _, pg := range h.pages {
		pg.dirty, pg.pending = false, false
	}
	var err error
	h.fileSize, err = h.files.Primary.Size()
	return err
}

// scrubLogs overwrites all entries of both logs. The hive is clean, so that nothing needs them; the headers stay.
func (h *Hive) scrubLogs(report *CommitReport) error {
	if h.recovery.Dirty {
		return nil // the entries are still needed; there was nothing to commit
	}
	for _, f := range []File{h.files.Log1, h.files.Log2} {
		if f == nil {
			continue
		}
		size, err := f.Size()
		if err != nil {
			return err
		}
		if size <= sectorSize {
			continue
		}
		if err := zeroFrom(f, sectorSize, size); err != nil {
			return &CommitError{Durable: true, Err: err}
		}
		if err := f.Sync(); err != nil {
			return &CommitError{Durable: true, Err: err}
		}
		report.BytesWritten += size - sectorSize
		report.Syncs++
	}
	return nil
}

// forget overwrites the log entry of a plan that has been carried out, behind the log's header.
func (h *Hive) forget(p *CommitPlan, report *CommitReport) error {
	log := p.Ops[0]
	from, to := max(log.Offset, sectorSize), log.Offset+int64(len(log.Data))
	f := h.file(log.File)
	if err := zeroFrom(f, from, to); err != nil {
		return &CommitError{Durable: true, Err: err}
	}
	if err := f.Sync(); err != nil {
		return &CommitError{Durable: true, Err: err}
	}
	report.BytesWritten += to - from
	report.Syncs++
	return nil
}

func zeroFrom(f File, from, to int64) error {
	zeros := make([]byte, 64<<10)
	for from < to {
		n := min(int64(len(zeros)), to-from)
		if _, err := f.WriteAt(zeros[:n], from); err != nil {
			return err
		}
		from += n
	}
	return nil
}
