package diskimage

import (
	"context"
	"io"
	"path/filepath"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// prepared is a change down to the bytes.
type prepared struct {
	writes []container.Write   // of the virtual disk
	file   *container.FilePlan // nil for an overlay
	change undojournal.Change  // when in place
}

// wipe forgets the bytes of a plan, which may be secret.
func (p *prepared) wipe() {
	if p == nil {
		return
	}
	for _, w := range p.writes {
		clear(w.Data)
	}
}

// Prepare implements imagefs.Session.
func (s *Session) Prepare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prepare(ctx)
}

func (s *Session) prepare(ctx context.Context) error {
	if s.tx == nil || s.prepared != nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	plan, err := s.tx.Plan()
	if err != nil {
		return coded(imagefs.OpRead, s.place(), err)
	}
	p := &prepared{}
	if p.writes, err = s.diskWrites(plan); err != nil {
		return coded(imagefs.OpRead, s.place(), err)
	}
	if !s.golden() || !s.made.Overlay {
		if p.file, err = s.image.Plan(p.writes); err != nil {
			p.wipe()
			return s.imageError(err)
		}
	}
	if s.inPlace() {
		size, err := s.targetSize()
		if err != nil {
			p.wipe()
			return imagefs.Wrap(imagefs.OpRead, s.path(), err)
		}
		p.change = change(p.file, size)
		if err := s.noteBelow(p.writes); err != nil {
			p.wipe()
			return coded(imagefs.OpRead, s.path(), err)
		}
	}
	if s.mode == imagefs.Rehearse {
		s.noteRights()
	}
	s.prepared = p
	return nil
}

// noteRights notes what this user may not write of what Commit writes: another one may carry it out.
func (s *Session) noteRights() {
	var written []string
	if s.golden() {
		written = []string{filepath.Dir(s.made.Path)}
	} else {
		written = []string{s.image.FilePath()}
		if journal, err := s.journalOf(s.image.FilePath(), s.image.File()); err == nil && journal.path != "" {
			written = append(written, filepath.Dir(journal.path))
		}
	}
	for _, path := range written {
		if !imagefs.MayWrite(path) {
			s.notes = append(s.notes, "this user may not write "+path+": staging would be refused")
		}
	}
}

// targetSize returns the size of what a change in place is carried out on.
func (s *Session) targetSize() (int64, error) {
	if s.image.ByEngine() != nil {
		return s.image.Size(), nil
	}
	return target{s.image.File()}.Size()
}

// diskWrites turns patches of the volume into writes of the disk. The zeros over what was freed, and over secrets that were
// named, come last, and no journal keeps what they take away.
func (s *Session) diskWrites(p *ntfs.Plan) ([]container.Write, error) {
	var writes []container.Write
	for _, f := range p.Fills {
		writes = append(writes, container.Write{Off: s.found.Off + f.Off, Data: f.Data, Fresh: true})
	}
	keepsNothing := s.golden()
	for i, g := range p.Groups {
		for _, c := range g.Patches {
			if c.Wipe && keepsNothing && s.made.Overlay {
				continue // the bytes are in the golden image, which stays as it is
			}
			writes = append(writes, container.Write{
				Off: s.found.Off + c.Off, Data: slices.Clone(c.New), Group: i, Wipe: c.Wipe && !keepsNothing, Stale: c.Fresh,
			})
		}
	}
	if keepsNothing {
		return writes, nil
	}
	return s.wipeSecrets(writes, len(p.Groups))
}

// noteBelow notes that bytes which are to go stay in a file below, or in snapshots inside the image.
func (s *Session) noteBelow(writes []container.Write) error {
	for _, w := range writes {
		if !w.Wipe || slices.ContainsFunc(w.Data, func(b byte) bool { return b != 0 }) { // what is not zero stays
			continue
		}
		if r := s.image.ByEngine(); r != nil && r.Kind == container.Snapshots {
			s.notes = append(s.notes, "what was removed is still in the snapshots inside "+s.path()+" that were made while it was "+
				"there: delete those with qemu-img snapshot -d, and do not go back to them")
			return nil
		}
		below, err := s.image.FromBelow(w.Off, int64(len(w.Data)))
		if err != nil {
			return err
		}
		if below {
			s.notes = append(s.notes, "what was removed is still in "+s.image.Chain()[1].Path+", or in a file below it, which this "+
				"disk stands on: it is gone from this disk alone")
			return nil
		}
	}
	return nil
}

// wipeSecrets adds what no journal may keep of the sectors that are written to, since it is of a secret: zeros for what is zero
// in the end, and what does not change. Of stale sectors nothing is kept anyway.
func (s *Session) wipeSecrets(writes []container.Write, group int) ([]container.Write, error) {
	if len(s.secrets) == 0 {
		return writes, nil
	}
	const sector = 512
	given := map[int64][][]byte{} // to a sector, by one group after the other
	stale := map[int64]bool{}
	for _, w := range writes {
		for at := int64(0); !w.Fresh && at+sector <= int64(len(w.Data)); at += sector {
			off := w.Off + at
			stale[off] = stale[off] || w.Stale && given[off] == nil
			given[off] = append(given[off], w.Data[at:at+sector])
		}
	}
	offs := make([]int64, 0, len(given))
	for off := range given {
		if !stale[off] {
			offs = append(offs, off)
		}
	}
	slices.Sort(offs)
	for from := 0; from < len(offs); {
		to := from + 1
		for to < len(offs) && offs[to] == offs[to-1]+sector {
			to++
		}
		old := make([]byte, int64(to-from)*sector)
		if n, err := s.disk.ReadAt(old, offs[from]); n < len(old) {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		marked := s.secrets.mark(old)
		fateAt := func(i int) fate {
			if !marked[i] {
				return journaled
			}
			return fateOf(old[i], given[offs[from]+int64(i)/sector*sector], i%sector)
		}
		for i := 0; i < len(marked); {
			start, is := i, fateAt(i)
			for i++; i < len(marked); i++ {
				if f := fateAt(i); f != is && (f != stays || old[i] != 0) { // a zero that stays is like one that comes
					break
				}
			}
			w := container.Write{Off: offs[from] + int64(start), Data: make([]byte, i-start), Group: group, Wipe: true}
			switch is {
			case stays:
				copy(w.Data, old[start:i])
				writes = append(writes, w)
			case goes:
				writes = append(writes, w)
			}
		}
		clear(old)
		from = to
	}
	return writes, nil
}

// fate is what becomes of a byte of a secret.
type fate int

const (
	journaled fate = iota // it is another value's, or no secret's: old bytes like any other
	stays
	goes
)

// fateOf returns what becomes of the byte at a place in a sector that gets some contents, one after the other.
func fateOf(old byte, contents [][]byte, at int) fate {
	if !slices.ContainsFunc(contents, func(c []byte) bool { return c[at] != old }) {
		return stays
	}
	if contents[len(contents)-1][at] == 0 {
		return goes
	}
	return journaled
}

// change turns a plan of a file of the given size into one for the journal.
func change(p *container.FilePlan, size int64) undojournal.Change {
	c := undojournal.Change{Fills: pieces(p.Fills, 0), Size: p.Size}
	for _, g := range p.Groups {
		c.Groups = append(c.Groups, pieces(g, size))
	}
	return c
}

// pieces turns pieces of a plan into those of a change. Behind the old end of the file there is nothing that a journal would
// keep: zeros there, which replace what a fill has copied from below, are like any other bytes.
func pieces(in []container.Piece, size int64) []undojournal.Piece {
	out := make([]undojournal.Piece, 0, len(in))
	for _, p := range in {
		if n := size - p.Off; p.Wipe && n > 0 && n < int64(len(p.Data)) {
			out = append(out, undojournal.Piece{Off: p.Off, Data: p.Data[:n], Wipe: true})
			p.Off, p.Data = size, p.Data[n:]
		}
		p.Wipe = p.Wipe && p.Off < size
		out = append(out, undojournal.Piece(p))
	}
	return out
}
