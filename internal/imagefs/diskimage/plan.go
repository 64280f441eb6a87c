package diskimage

import (
	"context"
	"io"
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
		p.change = change(p.file)
	}
	s.prepared = p
	return nil
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
				Off: s.found.Off + c.Off, Data: slices.Clone(c.New), Group: i, Wipe: c.Wipe && !keepsNothing,
			})
		}
	}
	if keepsNothing {
		return writes, nil
	}
	return s.wipeSecrets(writes, len(p.Groups))
}

// wipeSecrets adds zeros for what is zero in the end and holds a secret now.
func (s *Session) wipeSecrets(writes []container.Write, group int) ([]container.Write, error) {
	if len(s.secrets) == 0 {
		return writes, nil
	}
	const sector = 512
	last := map[int64][]byte{}
	for _, w := range writes {
		for at := int64(0); !w.Fresh && at+sector <= int64(len(w.Data)); at += sector {
			last[w.Off+at] = w.Data[at : at+sector]
		}
	}
	offs := make([]int64, 0, len(last))
	for off := range last {
		offs = append(offs, off)
	}
	slices.Sort(offs)
	for from := 0; from < len(offs); {
		to := from + 1
		for to < len(offs) && offs[to] == offs[to-1]+sector {
			to++
		}
		old := make([]byte, int64(to-from)*sector)
		if n, err := s.image.ReadAt(old, offs[from]); n < len(old) {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		marked := s.secrets.mark(old)
		for i := 0; i < len(marked); {
			n := 0
			for i+n < len(marked) && marked[i+n] && last[offs[from]+int64(i+n)/sector*sector][(i+n)%sector] == 0 {
				n++
			}
			if n > 0 {
				writes = append(writes, container.Write{Off: offs[from] + int64(i), Data: make([]byte, n), Group: group, Wipe: true})
			}
			i += max(n, 1)
		}
		clear(old)
		from = to
	}
	return writes, nil
}

// change turns a plan of the file into one for the journal.
func change(p *container.FilePlan) undojournal.Change {
	c := undojournal.Change{Fills: pieces(p.Fills), Size: p.Size}
	for _, g := range p.Groups {
		c.Groups = append(c.Groups, pieces(g))
	}
	return c
}

func pieces(in []container.Piece) []undojournal.Piece {
	out := make([]undojournal.Piece, len(in))
	for i, p := range in {
		out[i] = undojournal.Piece(p)
	}
	return out
}
