package disk

import (
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// raw is an image file that is the disk itself.
type raw struct {
	file interface {
		io.ReaderAt
		io.Closer
	}
	size int64
}

var _ container.Container = (*raw)(nil)

func (r *raw) Format() container.Format { return container.Raw }
func (r *raw) Size() int64              { return r.size }
func (r *raw) Close() error             { return r.file.Close() }
func (r *raw) Room(off, n int64) bool   { return off >= 0 && n >= 0 && off <= r.size-n }

// ReadAt does not read behind the size that the file had when it was opened.
func (r *raw) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= r.size {
		return 0, io.EOF
	}
	cut := int64(len(p)) > r.size-off
	if cut {
		p = p[:r.size-off]
	}
	n, err := r.file.ReadAt(p, off)
	switch {
	case n < len(p) && (err == nil || errors.Is(err, io.EOF)):
		return n, io.ErrUnexpectedEOF // the file was cut while it was open
	case n < len(p):
		return n, err
	case cut:
		return n, io.EOF
	}
	return n, nil
}

// Plan passes the writes on.
func (r *raw) Plan(w []container.Write) (*container.FilePlan, error) { return planFlat(w, r.size) }

// planFlat is the plan for a file of a fixed size that is the disk itself.
func planFlat(w []container.Write, size int64) (*container.FilePlan, error) {
	plan := &container.FilePlan{Size: size}
	groups := map[int][]container.Piece{}
	for _, c := range w {
		if c.Off < 0 || c.Off > size-int64(len(c.Data)) {
			return nil, cannotUse("a write beyond the end of the virtual disk")
		}
		piece := container.Piece{Off: c.Off, Data: c.Data, Fresh: c.Stale, Wipe: c.Wipe}
		switch {
		case len(c.Data) == 0:
		case c.Fresh:
			plan.Fills = append(plan.Fills, piece)
		default:
			groups[c.Group] = append(groups[c.Group], piece)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		plan.Groups = append(plan.Groups, groups[g])
	}
	return plan, nil
}
