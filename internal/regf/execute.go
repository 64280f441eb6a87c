package regf

import (
	"errors"
)

// execute carries out a plan. What the hive needs beyond the end of its file it takes first, so that a full disk is met
// before anything has changed; up to the durable point a failure is undone.
func (h *Hive) execute(p *CommitPlan, report *CommitReport) error {
	undo := &rollback{}
	if err := h.reserve(p, undo, report); err != nil {
		return undo.after(err)
	}
	for i, op := range p.Ops {
		err := h.carryOut(op, i < p.Durable, undo, report)
		switch {
		case err == nil:
		case i < p.Durable:
			return undo.after(err)
		default:
			return &CommitError{Durable: true, Err: err}
		}
	}
	return nil
}

func (h *Hive) carryOut(op Op, reversible bool, undo *rollback, report *CommitReport) error {
	f := h.file(op.File)
	if op.Barrier {
		report.Syncs++
		return f.Sync()
	}
	if reversible {
		if err := undo.save(f, op.Offset, len(op.Data)); err != nil {
			return err
		}
	}
	if s, ok := f.(Staler); ok && op.Stale {
		from := max(op.Offset, sectorSize)
		s.Stale(from, op.Offset+int64(len(op.Data))-from)
	}
	if _, err := f.WriteAt(op.Data, op.Offset); err != nil {
		return err
	}
	report.BytesWritten += int64(len(op.Data))
	if op.File == FilePrimary && op.Offset >= headerSize {
		report.Pages += len(op.Data) / pageSize
	}
	return nil
}

// reserve grows the primary file to the length that the plan needs by writing real zeros: its pages are written when the
// change is in the log already, which is too late for a full disk. (The log needs no such thing.)
func (h *Hive) reserve(p *CommitPlan, undo *rollback, report *CommitReport) error {
	want := int64(0)
	for _, op := range p.Ops {
		if op.File == FilePrimary {
			want = max(want, op.Offset+int64(len(op.Data)))
		}
	}
	have, err := h.files.Primary.Size()
	if err != nil || have >= want {
		return err
	}
	if err := undo.save(h.files.Primary, have, int(want-have)); err != nil {
		return err
	}
	if err := zeroFrom(h.files.Primary, have, want); err != nil {
		return err
	}
	report.BytesWritten += want - have
	report.Syncs++
	return h.files.Primary.Sync()
}

// rollback remembers what a failed commit must put back.
type rollback struct{ steps []func() error }

// save remembers n bytes at off as far as the file has them, and the end of the file when they reach beyond it.
func (r *rollback) save(f File, off int64, n int) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	var old []byte
	if keep := min(int64(n), size-off); keep > 0 {
		old = make([]byte, keep)
		if got, err := f.ReadAt(old, off); got < len(old) {
			return err
		}
	}
	r.steps = append(r.steps, func() error {
		if len(old) > 0 {
			if _, err := f.WriteAt(old, off); err != nil {
				return err
			}
		}
		if off+int64(n) > size {
			if err := f.Truncate(size); err != nil {
				return err
			}
		}
		return f.Sync()
	})
	return nil
}

// after puts everything back, the last first, and returns the error of a commit that failed with cause. It stops at the
// first step that fails: as long as the header may be torn, the log must stay.
func (r *rollback) after(cause error) error {
	for i := len(r.steps) - 1; i >= 0; i-- {
		if err := r.steps[i](); err != nil {
			return &CommitError{Uncertain: true, Err: errors.Join(cause, err)}
		}
	}
	return &CommitError{Err: cause}
}

// committed brings the state in memory to what is on disk now: a clean hive.
func (h *Hive) committed(p *CommitPlan) error {
	h.base = p.base.sealed(typePrimary, p.seq, p.seq, h.size)
	h.diskSize = h.size
	old := h.oldLogs()
	h.recovery = Recovery{}
	if old {
		h.log = logState{dirt: []logFile{{id: h.activeLog()}}}
	} else {
		h.log = logState{any: true, newest: p.seq - 1}
	}
	h.dirtied = nil
	for _, pg := range h.pages {
		pg.dirty, pg.pending, pg.before = false, false, nil
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
	log := p.Ops[p.log]
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
