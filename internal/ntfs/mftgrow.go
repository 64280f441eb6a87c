package ntfs

import "slices"

// takeRecord finds a free FILE record and marks it in $MFT's bitmap. Records are looked for from 64 on, which NTFS leaves to
// files; then below, where Windows puts files, too; then $MFT grows. A record that was not free on disk is not taken.
func (t *Tx) takeRecord() (*record, error) {
	for _, from := range []uint64{64, firstUser} {
		rec, err := t.freeRecord(from, t.recordCount())
		if rec != nil || err != nil {
			return rec, err
		}
	}
	before := t.recordCount()
	if err := t.growMFT(); err != nil {
		return nil, err
	}
	rec, err := t.freeRecord(before, t.recordCount())
	if rec == nil && err == nil {
		err = refuse(NoRecord, "%d records", before)
	}
	return rec, err
}

func (t *Tx) recordBitmap() (*stream, error) {
	file, err := t.inode(recordMFT)
	if err != nil {
		return nil, err
	}
	s, err := file.stream(typeBitmap, "")
	if err != nil {
		return nil, err
	}
	if s == nil || s.attr.resident || s.attr.flags != 0 || !s.covered(t.cluster) {
		return nil, damaged("record 0: $MFT's bitmap")
	}
	return s, nil
}

// maxUnusable bounds the free records that are looked at and cannot be used.
const maxUnusable = 1024

func (t *Tx) freeRecord(from, to uint64) (*record, error) {
	s, err := t.recordBitmap()
	if err != nil {
		return nil, err
	}
	to = min(to, uint64(min(s.size, s.initialized))*8)
	bits := make([]byte, 4096)
	unusable := 0
	var loaded, end uint64 // records that bits covers
	for n := from; n < to; n++ {
		if n >= end {
			loaded = n / 8
			k := min(uint64(len(bits)), uint64(min(s.size, s.initialized))-loaded)
			if err := t.readStream(s, bits[:k], int64(loaded)); err != nil {
				return nil, err
			}
			end = 8 * (loaded + k)
		}
		if bits[n/8-loaded]>>(n%8)&1 != 0 || t.records[n] {
			continue
		}
		rec, err := t.usableRecord(n)
		if err != nil {
			return nil, err
		}
		if rec == nil {
			if unusable++; unusable > maxUnusable {
				return nil, refuse(NoRecord, "%d free records are not empty", unusable)
			}
			continue
		}
		t.records[n] = true
		if rec, err = t.formatted(rec); err != nil {
			return nil, err
		}
		return rec, t.setBits(s, int64(n), 1, true)
	}
	return nil, nil
}

// formatted returns a free record as it is, and one that was never written after it was made a free one. That goes into the
// group in which its bit is set, so that what the bitmap calls in use is a record at the end of every group.
func (t *Tx) formatted(rec *record) (*record, error) {
	if string(rec.b[:4]) == "FILE" {
		return rec, nil
	}
	put16(rec.b, offUSA, 0x30)
	if err := t.writeRecord(newRecord(rec, 0), StageAllocate, 0); err != nil {
		return nil, err
	}
	return t.record(rec.number) // with the update sequence number that is there now
}

// usableRecord returns a record that is free and says so, or was never written; nil for any other.
func (t *Tx) usableRecord(n uint64) (*record, error) {
	b := make([]byte, t.recordSize)
	if err := t.readStream(t.mft, b, int64(n)*t.recordSize); err != nil {
		return nil, err
	}
	if allZero(b) {
		return &record{n, b}, nil
	}
	if u32(b, offNumber) == 0 && u16(b, offFlags)&flagInUse == 0 {
		put32(b, offNumber, uint32(n)) // mkntfs leaves the number out of records that are not used
	}
	rec, err := parseRecord(n, b)
	if err != nil || rec.inUse() || rec.base() != 0 {
		return nil, nil
	}
	return rec, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// growStep is how many bytes of FILE records are added at once.
const growStep = 64 << 10

// growMFT adds free records at the end of $MFT, in new clusters: they are fills, so the new size of $MFT in record 0 is what
// makes them matter.
func (t *Tx) growMFT() error {
	file, err := t.inode(recordMFT)
	if err != nil {
		return err
	}
	if file.listed || t.mft.size > t.bytes || t.mft.size%t.recordSize != 0 || t.mft.initialized != t.mft.size {
		return refuse(NoRecord, "$MFT of %d bytes cannot grow", t.mft.size)
	}
	from, old := t.mft.size, t.mft.allocated
	runs := slices.Clone(t.mft.runs)
	n := (growStep + t.cluster - 1) / t.cluster
	last := runs[len(runs)-1]
	added, err := t.allocate(n, last.lcn+last.n)
	if err != nil {
		return err
	}
	for _, e := range added {
		runs = appendRun(runs, e.lcn, e.n)
	}
	to := (old + n*t.cluster) / t.recordSize * t.recordSize
	if err := t.growRecordBitmap(file, to/t.recordSize); err != nil {
		return err
	}
	if file, err = t.inode(recordMFT); err != nil { // the bitmap's attribute may have changed
		return err
	}
	rec := file.clone()
	if !rec.replace(file.first(typeData, ""), rewriteRuns(file.first(typeData, ""), runs, to, to, t.cluster)) {
		return refuse(NoRecord, "$MFT is in too many pieces")
	}
	grown := *t.mft
	grown.runs, grown.allocated, grown.size, grown.initialized = runs, old+n*t.cluster, to, to
	if err := t.formatRecords(&grown, from/t.recordSize, to/t.recordSize); err != nil {
		return err
	}
	if err := t.writeRecord(rec, StageRecords, 0); err != nil {
		return err
	}
	t.mft = &grown
	t.generation++
	return nil
}

func (t *Tx) formatRecords(mft *stream, from, to int64) error {
	blank := &record{b: make([]byte, t.recordSize)}
	put16(blank.b, offUSA, 0x30)
	for n := from; n < to; n++ {
		blank.number = uint64(n)
		rec := newRecord(blank, 0)
		protect(rec.b)
		if err := t.putStream(mft, n*t.recordSize, rec.b, StageRecords, 0); err != nil {
			return err
		}
	}
	return nil
}

// growRecordBitmap makes $MFT's bitmap long enough for a number of records.
func (t *Tx) growRecordBitmap(file *inode, records int64) error {
	s, err := t.recordBitmap()
	if err != nil {
		return err
	}
	need := (records + 63) / 64 * 8
	if need <= s.size && s.initialized == s.size {
		return nil
	}
	runs := slices.Clone(s.runs)
	need = max(need, s.size)
	if need-s.initialized > 1<<20 {
		return refuse(NoRecord, "$MFT's bitmap has %d bytes that are not initialized", s.size-s.initialized)
	}
	if need > s.allocated {
		near := int64(-1)
		if len(runs) > 0 {
			near = runs[len(runs)-1].lcn + runs[len(runs)-1].n
		}
		added, err := t.allocate((need-s.allocated+t.cluster-1)/t.cluster, near)
		if err != nil {
			return err
		}
		for _, e := range added {
			runs = appendRun(runs, e.lcn, e.n)
		}
	}
	grown := *s
	grown.runs, grown.allocated = runs, runClusters(runs)*t.cluster
	zeros := make([]byte, need-s.initialized)
	if err := t.putStream(&grown, s.initialized, zeros, StageAllocate, 0); err != nil {
		return err
	}
	rec := file.clone()
	if !rec.replace(s.attr, rewriteRuns(s.attr, runs, need, need, t.cluster)) {
		return refuse(NoRecord, "$MFT's bitmap is in too many pieces")
	}
	return t.writeRecord(rec, StageRecords, 0)
}
