package undojournal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Viewed is a file as [Recover] would leave it, for who may not write. It stays right as long as nobody writes to the file.
type Viewed struct {
	file    Reader
	size    int64
	outcome Outcome
	journal *journal // nil: the file is shown as it is
}

// View returns what f is, with the old bytes where a change broke off, or with zeros where wipes are left to do. Neither
// the file nor the journal is changed. Its errors are those of [Recover].
func View(f Reader, folder Folder, name string, identity []byte) (*Viewed, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	asIs := &Viewed{file: f, size: size}
	h, err := folder.Open(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return asIs, nil
	}
	if err != nil {
		return nil, err
	}
	j, err := readJournal(h)
	if closeErr := h.Close(); err == nil {
		err = closeErr
	}
	if errors.Is(err, errTorn) {
		asIs.outcome = NeverStarted
		return asIs, nil
	}
	if err != nil {
		return nil, err
	}
	complete, err := j.evaluate(f, name, identity)
	if err != nil {
		return nil, err
	}
	if complete {
		return &Viewed{f, j.newSize, Completed, j}, nil
	}
	return &Viewed{f, j.oldSize, RolledBack, j}, nil
}

// Size returns the size of the file in bytes.
func (v *Viewed) Size() (int64, error) { return v.size, nil }

// Outcome returns what was found.
func (v *Viewed) Outcome() Outcome { return v.outcome }

// ReadAt implements io.ReaderAt.
func (v *Viewed) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("undojournal: negative offset %d", off)
	}
	if off >= v.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > v.size-off
	if short {
		p = p[:v.size-off]
	}
	n, err := v.file.ReadAt(p, off)
	v.patch(p[:n], off)
	if n == len(p) {
		err = nil
		if short {
			err = io.EOF
		}
	}
	return n, err
}

// patch puts what the journal holds over bytes of the file.
func (v *Viewed) patch(p []byte, off int64) {
	switch {
	case v.journal == nil:
	case v.outcome == Completed:
		for _, w := range within(v.journal.wipes, off, int64(len(p))) {
			clear(p[w.off:w.end()])
		}
	default:
		v.patchOld(p, off)
	}
}

func (v *Viewed) patchOld(p []byte, off int64) {
	end := off + int64(len(p))
	all := v.journal.sectors
	first, _ := slices.BinarySearchFunc(all, off, func(s sector, off int64) int { return cmp.Compare(s.end()-1, off) })
	for i := first; i < len(all) && all[i].off < end; i++ {
		s := &all[i]
		if s.old == nil {
			continue
		}
		from := int64(0)
		for _, w := range append(v.journal.secretIn(s), span{off: int64(s.n)}) {
			copyAt(p, off, s.old[from:w.off], s.off+from)
			from = w.end()
		}
	}
}

// copyAt copies what of src, which begins at srcOff of the file, lies in dst, which begins at dstOff.
func copyAt(dst []byte, dstOff int64, src []byte, srcOff int64) {
	from := max(dstOff, srcOff)
	to := min(dstOff+int64(len(dst)), srcOff+int64(len(src)))
	if from < to {
		copy(dst[from-dstOff:to-dstOff], src[from-srcOff:])
	}
}
