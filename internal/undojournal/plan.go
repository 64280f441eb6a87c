package undojournal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// fillGroup is the group number of the fills, which come before all groups.
const fillGroup = -1

// plan is a change made ready: which bytes go where in which group, and the journal of it.
type plan struct {
	journal
	content map[int64]*content // by the offset of the sector
	order   []*content         // ascending
	bulks   []bulk             // ascending
	groups  int
	shows   int // the last group that shows that all before it were written
}

// content is a sector and what it holds before and during the change.
type content struct {
	sector
	before   []byte // n bytes, also the wiped ones; zeros behind the old end
	versions []versionBytes
}

// versionBytes is what one group gives a sector.
type versionBytes struct {
	group int
	data  []byte // n bytes; to-be-wiped bytes are as before
	fresh bool   // all of it is of a piece whose old bytes nobody needs
}

// latest returns what the sector holds after what has been planned up to now.
func (c *content) latest() []byte {
	if len(c.versions) == 0 {
		return c.before
	}
	return c.versions[len(c.versions)-1].data
}

// at returns the sector's bytes in a group, to be changed.
func (c *content) at(group int) []byte {
	if n := len(c.versions); n > 0 && c.versions[n-1].group == group {
		return c.versions[n-1].data
	}
	c.versions = append(c.versions, versionBytes{group: group, data: bytes.Clone(c.latest())})
	return c.latest()
}

// makePlan reads the old bytes of all that the change touches. It writes nothing.
func makePlan(f Reader, c Change, identity []byte) (*plan, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if err := c.valid(size); err != nil {
		return nil, err
	}
	if len(identity) > maxIdentity {
		return nil, fmt.Errorf("an identity of %d bytes is too long", len(identity))
	}
	p := &plan{
		journal: journal{identity: identity, oldSize: size, newSize: c.Size},
		content: map[int64]*content{},
		groups:  len(c.Groups),
	}
	if err := p.addAll(f, c); err != nil {
		p.forget()
		return nil, err
	}
	p.digestAll(c.Fills)
	return p, nil
}

// addAll puts all pieces into the sectors they touch, in the order in which they are written.
func (p *plan) addAll(f Reader, c Change) error {
	freshPieces := c.freshPieces()
	taken := p.shared(c, freshPieces)
	for _, piece := range c.Fills {
		if err := p.addFresh(f, fresh{piece, fillGroup}, taken); err != nil {
			return err
		}
	}
	for group, pieces := range c.Groups {
		for _, piece := range pieces {
			var err error
			if piece.Fresh {
				err = p.addFresh(f, fresh{piece, group}, taken)
			} else {
				err = p.add(f, group, piece, false)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := p.settleBulks(f); err != nil {
		return err
	}
	return p.deferWipes()
}

// valid reports a change that no file of the given size can take.
func (c *Change) valid(size int64) error {
	if c.Size < size {
		return fmt.Errorf("a change would shrink the file from %d to %d bytes", size, c.Size)
	}
	if len(c.Groups) >= math.MaxUint16 {
		return fmt.Errorf("a change in %d groups", len(c.Groups))
	}
	check := func(piece Piece, fill bool) error {
		end := c.Size
		if piece.Wipe {
			end = size // bytes that are not there yet hold no secret
		}
		switch n := int64(len(piece.Data)); {
		case piece.Off < 0 || piece.Off > end || n > end-piece.Off:
			return fmt.Errorf("a change of %d bytes at %d ends behind the file's end", n, piece.Off)
		case piece.Wipe && (fill || piece.Fresh):
			return errors.New("a fill cannot wipe")
		}
		return nil
	}
	for _, piece := range c.Fills {
		if err := check(piece, true); err != nil {
			return err
		}
	}
	for _, pieces := range c.Groups {
		for _, piece := range pieces {
			if err := check(piece, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// add puts a piece into the sectors it touches.
func (p *plan) add(f Reader, group int, piece Piece, fresh bool) error {
	if err := p.load(f, piece); err != nil {
		return err
	}
	for data, off := piece.Data, piece.Off; len(data) > 0; {
		c := p.content[p.sectorAt(off).off]
		part := data[:min(int64(len(data)), c.end()-off)]
		first := len(c.versions) == 0
		if err := p.put(c, group, off, part, piece.Wipe); err != nil {
			return err
		}
		if fresh && first && len(part) == c.n {
			c.versions[0].fresh = true
		}
		data, off = data[len(part):], off+int64(len(part))
	}
	return nil
}

// put changes bytes of one sector. Of a wipe, zeros are noted as wiped, and other bytes, which must be there already, as left out.
func (p *plan) put(c *content, group int, off int64, part []byte, wipe bool) error {
	at := int(off - c.off)
	if !wipe {
		if err := p.keepsWiped(off, part); err != nil {
			return err
		}
		copy(c.at(group)[at:], part)
		return nil
	}
	for i := 0; i < len(part); {
		start, goes := i, part[i] == 0
		for ; i < len(part) && (part[i] == 0) == goes; i++ {
			if !goes && (c.latest()[at+i] != part[i] || c.before[at+i] != part[i]) {
				return fmt.Errorf("a wipe at %d would write new bytes, which no journal may hold to complete it", off+int64(i))
			}
		}
		s := span{off + int64(start), int64(i - start)}
		if goes {
			p.wipes = note(p.wipes, s)
		} else {
			p.leftOut = note(p.leftOut, s)
		}
	}
	return nil
}

// note adds a range, to the last one where it goes on.
func note(all []span, s span) []span {
	if n := len(all); n > 0 && all[n-1].end() == s.off {
		all[n-1].n += s.n
		return all
	}
	return append(all, s)
}

// keepsWiped refuses new bytes where an earlier piece wipes: the wipe, which comes last, would destroy them.
func (p *plan) keepsWiped(off int64, part []byte) error {
	for _, w := range p.wipes {
		from, to := max(w.off, off), min(w.end(), off+int64(len(part)))
		for i := from; i < to; i++ {
			if part[i-off] != 0 {
				return fmt.Errorf("byte %d is wiped and then written again in one change", i)
			}
		}
	}
	return nil
}

// readStep is how much of the old content is read at once.
const readStep = 1 << 20

// load reads the sectors that a piece touches and that are not known yet.
func (p *plan) load(f Reader, piece Piece) error {
	end := piece.Off + int64(len(piece.Data))
	for off := piece.Off; off < end; {
		start := p.sectorAt(off).off
		last := p.sectorAt(min(start+readStep, end) - 1)
		buf := make([]byte, last.end()-start)
		if start < p.oldSize {
			there := buf[:min(int64(len(buf)), p.oldSize-start)]
			if err := readFull(f, there, start); err != nil {
				return readingOld(err)
			}
		}
		for off = start; off < last.end(); {
			s := p.sectorAt(off)
			if p.content[s.off] == nil {
				p.content[s.off] = &content{sector: s, before: buf[s.off-start : s.end()-start : s.end()-start]}
			}
			off = s.end()
		}
	}
	return nil
}

func readingOld(err error) error { return fmt.Errorf("reading what a change would overwrite: %w", err) }

// readFull reads all of b, or returns an error.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	default:
		return err
	}
}

// deferWipes orders the wipes, and leaves wiped bytes as they are in all groups: the wipes come last. What is left out is the
// same in all of them.
func (p *plan) deferWipes() error {
	p.wipes, p.leftOut = merged(p.wipes), merged(p.leftOut)
	p.order = make([]*content, 0, len(p.content))
	for _, c := range p.content {
		p.order = append(p.order, c)
	}
	slices.SortFunc(p.order, func(a, b *content) int { return cmp.Compare(a.off, b.off) })
	for _, c := range p.order {
		for _, s := range within(p.leftOut, c.off, int64(c.n)) {
			for _, v := range c.versions {
				if !bytes.Equal(v.data[s.off:s.end()], c.before[s.off:s.end()]) {
					return fmt.Errorf("bytes that are to stay in the sector at %d are changed and changed back", c.off)
				}
			}
		}
		for _, w := range p.wipesIn(&c.sector) {
			for _, v := range c.versions {
				if v.group == fillGroup && !bytes.Equal(v.data[w.off:w.end()], c.before[w.off:w.end()]) {
					return fmt.Errorf("a fill and a wipe overlap in the sector at %d", c.off)
				}
				copy(v.data[w.off:w.end()], c.before[w.off:w.end()])
			}
		}
	}
	return nil
}

// merged returns the ranges in order, those that touch put together.
func merged(in []span) []span {
	slices.SortFunc(in, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	var out []span
	for _, s := range in {
		if n := len(out); n > 0 && out[n-1].end() >= s.off {
			out[n-1].n = max(out[n-1].end(), s.end()) - out[n-1].off
			continue
		}
		out = append(out, s)
	}
	return out
}

// wipesIn returns the wiped ranges of a sector, relative to its beginning.
func (j *journal) wipesIn(s *sector) []span { return within(j.wipes, s.off, int64(s.n)) }

// secretIn returns the ranges of a sector of which the journal knows nothing, relative to its beginning.
func (j *journal) secretIn(s *sector) []span {
	return merged(append(j.wipesIn(s), within(j.leftOut, s.off, int64(s.n))...))
}

// within returns the parts of ordered ranges that lie in the n bytes at off, relative to off.
func within(all []span, off, n int64) (in []span) {
	first, _ := slices.BinarySearchFunc(all, off, func(w span, off int64) int {
		return cmp.Compare(w.end()-1, off) // the first that ends behind off
	})
	for _, w := range all[first:] {
		from, to := max(w.off, off), min(w.end(), off+n)
		if from >= to {
			break
		}
		in = append(in, span{from - off, to - from})
	}
	return in
}

// masked returns a sector's bytes with zeros for the secret ones: data itself where there are none, else a copy.
func (j *journal) masked(s *sector, data []byte) []byte {
	secret := j.secretIn(s)
	if len(secret) == 0 {
		return data
	}
	data = bytes.Clone(data)
	for _, w := range secret {
		clear(data[w.off:w.end()])
	}
	return data
}

// digestAll makes the journal's sectors and runs. Contents that change nothing are dropped.
func (p *plan) digestAll(fills []Piece) {
	whole := wholly(fills)
	digests := 0
	for _, c := range p.order {
		digests += len(c.versions)
	}
	sums := make([]byte, 0, digests*digestSize)
	p.sectors = make([]sector, 0, len(p.order))
	kept := p.order[:0]
	for _, c := range p.order {
		c.drop()
		if len(c.versions) == 0 {
			continue
		}
		onlyFill := c.versions[len(c.versions)-1].group == fillGroup
		switch {
		case onlyFill && (c.off >= p.oldSize || whole(c.off, c.end())), c.off < p.oldSize && p.replaced(c):
			c.kind = kindFill
		case onlyFill:
			c.kind = kindEdge
		case c.off < p.oldSize:
			c.kind = kindUndo
		default:
			c.kind = kindAdded
		}
		if c.kind == kindUndo || c.kind == kindEdge {
			c.old = p.masked(&c.sector, c.before)
		}
		first := len(sums)
		for _, v := range c.versions {
			sum := digest(p.masked(&c.sector, v.data))
			sums = append(sums, sum[:]...)
		}
		c.digests = sums[first:len(sums):len(sums)]
		kept = append(kept, c)
		p.sectors = append(p.sectors, c.sector)
	}
	p.order = kept
	p.digestBulks()
}

// replaced reports whether a sector's old bytes need not be kept although groups touch it: a fresh piece has put all of it there
// first, and a later group shows that it did.
func (p *plan) replaced(c *content) bool {
	v := &c.versions[0]
	return v.fresh && (v.group == fillGroup || v.group < p.shows) && len(p.secretIn(&c.sector)) == 0
}

// drop removes versions that are equal to what was there before them.
func (c *content) drop() {
	var kept []versionBytes
	before := c.before
	for _, v := range c.versions {
		if bytes.Equal(v.data, before) {
			clear(v.data)
			continue
		}
		kept = append(kept, v)
		before = v.data
	}
	c.versions = kept
}

// wholly returns a function that reports whether fills hold all bytes of a range.
func wholly(fills []Piece) func(from, to int64) bool {
	spans := make([]span, 0, len(fills))
	for _, f := range fills {
		spans = append(spans, span{f.Off, int64(len(f.Data))})
	}
	spans = merged(spans)
	return func(from, to int64) bool {
		i, _ := slices.BinarySearchFunc(spans, from, func(s span, off int64) int { return cmp.Compare(s.end()-1, off) })
		return i < len(spans) && spans[i].off <= from && spans[i].end() >= to
	}
}

// forget zeroes the bytes that the plan holds.
func (p *plan) forget() {
	for _, c := range p.content {
		clear(c.before)
		clear(c.old)
		for _, v := range c.versions {
			clear(v.data)
		}
	}
	for _, b := range p.bulks {
		clear(b.before)
	}
}
