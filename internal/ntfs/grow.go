package ntfs

import (
	"fmt"
	"io/fs"
	"slices"
)

// Open opens a file for reading and writing. Errors are those of Volume.Open; what cannot be changed is refused by WriteAt and
// Truncate.
func (t *Tx) Open(path string) (*File, error) { return t.open(t, path, "") }

// SetSecrecy says what of the ranges that WriteAt and Truncate change from now on is secret.
func (f *File) SetSecrecy(s Secrecy) { f.secrecy = s }

// maxGap bounds the zeros that are written between what was initialized of a file and a write behind that.
const maxGap = 64 << 20

// WriteAt changes the bytes from off on; the file grows where they end behind it. Content in place changes no metadata. It
// returns ErrReadOnly, or a *Refused for files that are not plain (see Kind) and for holes.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	return f.write(p, off, 0)
}

// WriteStale is WriteAt where what is there now means nothing to anybody. Whole sectors of it are Fresh in the plan.
func (f *File) WriteStale(p []byte, off int64) (int, error) {
	return f.write(p, off, stale)
}

func (f *File) write(p []byte, off int64, kept Secrecy) (int, error) {
	if err := f.writeAt(p, off, kept); err != nil {
		return 0, fmt.Errorf("writing to %s: %w", f.path, err)
	}
	return len(p), nil
}

func (f *File) writeAt(p []byte, off int64, kept Secrecy) error {
	if f.t == nil || f.name != "" {
		return ErrReadOnly
	}
	if off < 0 || off > f.t.bytes {
		return fs.ErrInvalid
	}
	if len(p) == 0 {
		return nil
	}
	s, err := f.stream()
	if err != nil {
		return err
	}
	end := off + int64(len(p))
	if end > s.size {
		if err := f.truncate(end); err != nil {
			return err
		}
	}
	i, err := f.t.referenced(f.reference)
	if err != nil {
		return err
	}
	if s, err = f.t.plainData(i); err != nil {
		return err
	}
	if s.attr.resident {
		copy(s.value[off:], p)
		f.t.forward()
		return f.t.writeRecord(s.attr.in, StageRecords, f.secrecy)
	}
	if err := f.t.initialize(s, off); err != nil {
		return err
	}
	if err := f.t.putStream(s, off, p, StageData, f.secrecy|kept); err != nil {
		return err
	}
	return f.t.setInitialized(i, s, end)
}

// initialize writes zeros between what is initialized and off.
func (t *Tx) initialize(s *stream, off int64) error {
	if off-s.initialized > maxGap {
		return refuse(Hole, "%d bytes that were never written", off-s.initialized)
	}
	for at := s.initialized; at < off; {
		n := min(off-at, 64<<10)
		if err := t.putStream(s, at, make([]byte, n), StageData, 0); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// setInitialized notes in the record, after the content is written, how much of the file is valid.
func (t *Tx) setInitialized(i *inode, s *stream, end int64) error {
	if end <= s.initialized {
		return nil
	}
	if i.listed {
		return refuse(Fragmented, "attribute list")
	}
	put64(i.b, s.attr.off+56, uint64(end))
	return t.writeRecord(i.record, StageSettle, 0)
}

// Truncate makes the file longer, with zeros, or shorter. It returns ErrReadOnly or a *Refused.
func (f *File) Truncate(size int64) error {
	if f.t == nil || f.name != "" {
		return fmt.Errorf("changing the size of %s: %w", f.path, ErrReadOnly)
	}
	if size < 0 {
		return fmt.Errorf("changing the size of %s to %d: %w", f.path, size, fs.ErrInvalid)
	}
	if err := f.truncate(size); err != nil {
		return fmt.Errorf("changing the size of %s: %w", f.path, err)
	}
	return nil
}

func (f *File) truncate(size int64) error {
	t := f.t
	if size > t.bytes {
		return refuse(NoSpace, "%d bytes", size)
	}
	t.forward()
	i, err := t.referenced(f.reference)
	if err != nil {
		return err
	}
	s, err := t.resizable(i)
	if err != nil || s.size == size {
		return err
	}
	switch {
	case s.attr.resident:
		err = t.resizeResident(i, s, size, f.secrecy)
	case size > s.size:
		err = t.grow(i, s, size, f.secrecy)
	default:
		err = t.shrink(i, s, size, f.secrecy)
	}
	if err != nil {
		return err
	}
	return t.changed(f.reference)
}

// resizable is plainData for a change of size.
func (t *Tx) resizable(i *inode) (*stream, error) {
	s, err := t.plainData(i)
	switch {
	case err != nil:
		return nil, err
	case i.listed:
		return nil, refuse(Fragmented, "attribute list")
	case s.attr.flags&attrSparse != 0 && s.attr.unit > 0 || slices.ContainsFunc(s.runs, func(e extent) bool { return e.lcn == hole }):
		return nil, &Refused{Kind: Hole}
	}
	return s, nil
}

// changed notes a new size where names keep copies of it, and when it changed.
func (t *Tx) changed(reference uint64) error {
	i, err := t.referenced(reference)
	if err != nil {
		return err
	}
	if err := t.setTimes(i, FileArchive); err != nil {
		return err
	}
	if err := t.writeRecord(i.record, StageRecords, 0); err != nil {
		return err
	}
	return t.syncNames(i, StageIndex)
}

func (t *Tx) resizeResident(i *inode, s *stream, size int64, secrecy Secrecy) error {
	rec := i.clone()
	kept := s.value[:min(s.size, size)]
	if size <= t.recordSize {
		value := make([]byte, size)
		copy(value, kept)
		if rec.replace(s.attr, residentAttribute(typeData, "", s.attr.id, false, value)) {
			return t.writeRecord(rec, StageRecords, secrecy)
		}
	}
	initialized := min(size, s.size+maxZeros)
	runs, err := t.fill(kept, initialized, secrecy != 0)
	if err != nil {
		return err
	}
	if more := (size+t.cluster-1)/t.cluster - runClusters(runs); more > 0 {
		more, err := t.allocate(more, endOf(runs))
		if err != nil {
			return err
		}
		runs = join(runs, more)
	}
	b := nonresidentAttribute(typeData, "", s.attr.id, 0, runs, size, initialized, t.cluster)
	if !rec.replace(s.attr, b) {
		return refuse(NoSpace, "%d pieces", len(runs))
	}
	return t.writeRecord(rec, StageRecords, secrecy&OldSecret)
}

// maxZeros bounds the zeros that growth writes. A file that grows by more has the rest allocated and not initialized.
const maxZeros = 16 << 20

// endOf returns the cluster behind the last run, -1 where there is none.
func endOf(runs []extent) int64 {
	if len(runs) == 0 || runs[len(runs)-1].lcn == hole {
		return -1
	}
	last := runs[len(runs)-1]
	return last.lcn + last.n
}

func join(runs, more []extent) []extent {
	runs = slices.Clone(runs)
	for _, e := range more {
		runs = appendRun(runs, e.lcn, e.n)
	}
	return runs
}

// grow makes a nonresident file longer. What it grows into is zeroed first: in new clusters by fills, in those it has before
// its size changes.
func (t *Tx) grow(i *inode, s *stream, size int64, secrecy Secrecy) error {
	runs := s.runs
	if size > s.allocated {
		more, err := t.allocate((size-s.allocated+t.cluster-1)/t.cluster, endOf(runs))
		if err != nil {
			return err
		}
		runs = join(runs, more)
	}
	initialized := s.initialized
	grown := *s
	grown.runs, grown.allocated = runs, runClusters(runs)*t.cluster
	if s.initialized == s.size && size-s.size <= maxZeros {
		t.beyondOld(i, s, size)
		if err := t.zero(&grown, s.size, min(s.allocated, size), StageAllocate); err != nil {
			return err
		}
		if size > s.allocated {
			end := min((size+pageSize-1)/pageSize*pageSize, grown.allocated)
			if err := t.zero(&grown, s.allocated, end, StageData); err != nil {
				return err
			}
		}
		initialized = size
	}
	rec := i.clone()
	if !rec.replace(s.attr, rewriteRuns(s.attr, runs, size, initialized, t.cluster)) {
		return refuse(NoSpace, "%d pieces", len(runs))
	}
	return t.writeRecord(rec, StageRecords, secrecy)
}

// beyondOld begins a new epoch where slack is to be zeroed that the file may only just have given up: in this epoch, its new
// size is not on disk yet when the slack is written.
func (t *Tx) beyondOld(i *inode, s *stream, size int64) {
	if s.size >= min(s.allocated, size) || t.fresh(endOf(s.runs)-1, StageAllocate) {
		return
	}
	recordChanged := false
	err := t.ranges(t.mft, int64(i.number)*t.recordSize, t.recordSize, func(dev, _, n int64) error {
		recordChanged = recordChanged || t.changedAfter(StageAllocate, dev, n)
		return nil
	})
	if recordChanged || err != nil {
		t.nextEpoch()
	}
}

// zero writes zeros from..to of what is allocated to a stream.
func (t *Tx) zero(s *stream, from, to int64, stage Stage) error {
	for from < to {
		n := min(to-from, 64<<10)
		if err := t.putStream(s, from, make([]byte, n), stage, 0); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// shrink makes a nonresident file shorter, frees clusters, and zeroes what is left of the last one.
func (t *Tx) shrink(i *inode, s *stream, size int64, secrecy Secrecy) error {
	kept := (size + t.cluster - 1) / t.cluster
	var runs, gone []extent
	for _, e := range s.runs {
		n := min(max(kept-e.vcn, 0), e.n)
		if n > 0 {
			runs = append(runs, extent{e.vcn, e.lcn, n})
		}
		if n < e.n {
			gone = append(gone, extent{e.vcn + n, e.lcn + n, e.n - n})
		}
	}
	rec := i.clone()
	if !rec.replace(s.attr, rewriteRuns(s.attr, runs, size, min(size, s.initialized), t.cluster)) {
		return refuse(NoSpace, "%d pieces", len(runs))
	}
	if err := t.writeRecord(rec, StageRecords, secrecy); err != nil {
		return err
	}
	if err := t.wipeTail(s, size, kept*t.cluster, secrecy); err != nil {
		return err
	}
	return t.free(gone)
}

// wipeTail zeroes from..to of a stream at the end of the plan, but for the first sector, which also holds what is kept.
func (t *Tx) wipeTail(s *stream, from, to int64, secrecy Secrecy) error {
	whole := min((from+sectorSize-1)/sectorSize*sectorSize, to)
	if from < whole {
		if err := t.putStream(s, from, make([]byte, whole-from), StageData, secrecy); err != nil {
			return err
		}
	}
	return t.ranges(s, whole, to-whole, func(dev, _, n int64) error {
		if dev >= 0 {
			t.wipes = append(t.wipes, stretch{dev, n})
		}
		return nil
	})
}
