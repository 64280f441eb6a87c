package undojournal

import (
	"bytes"
	"cmp"
	"slices"
)

// bulk is a run of whole sectors that one piece gives their content, and that nothing else of the change touches. Most of a
// change is such runs, the files that it brings in: they are handled as what they are, and not sector by sector.
type bulk struct {
	group  int
	off    int64
	data   []byte // of the piece, not a copy
	before []byte // as long as data; nil behind the old end
}

// fresh is a piece of which no old bytes are kept, with its group.
type fresh struct {
	Piece
	group int
}

// freshPieces returns the fills and the fresh pieces of groups.
func (c *Change) freshPieces() (all []fresh) {
	for _, piece := range c.Fills {
		all = append(all, fresh{piece, fillGroup})
	}
	for group, pieces := range c.Groups {
		for _, piece := range pieces {
			if piece.Fresh {
				all = append(all, fresh{piece, group})
			}
		}
	}
	return all
}

// shared returns the ranges in which no sector can belong to a bulk: where pieces of groups are, where fresh pieces overlap,
// and the sector that the old end is in.
func (p *plan) shared(c Change, freshPieces []fresh) []span {
	var taken []span
	for _, pieces := range c.Groups {
		for _, piece := range pieces {
			if !piece.Fresh && len(piece.Data) > 0 {
				taken = append(taken, touched(piece))
			}
		}
	}
	if p.oldSize%sectorSize != 0 {
		taken = append(taken, touched(Piece{Off: p.oldSize, Data: make([]byte, 1)}))
	}
	all := make([]span, 0, len(freshPieces))
	for _, f := range freshPieces {
		if len(f.Data) > 0 {
			all = append(all, touched(f.Piece))
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	end := int64(0)
	for _, s := range all {
		if n := min(end, s.end()) - s.off; n > 0 {
			taken = append(taken, span{s.off, n})
		}
		end = max(end, s.end())
	}
	return merged(taken)
}

// touched returns the sectors of 512 bytes that a piece touches.
func touched(piece Piece) span {
	from := piece.Off / sectorSize * sectorSize
	to := (piece.Off + int64(len(piece.Data)) + sectorSize - 1) / sectorSize * sectorSize
	return span{from, to - from}
}

// addFresh takes the bulks out of a fresh piece, and puts the rest of it into sectors.
func (p *plan) addFresh(f Reader, piece fresh, taken []span) error {
	rest := piece.Off
	flush := func(to int64) error {
		if rest >= to {
			return nil
		}
		part := Piece{Off: rest, Data: piece.Data[rest-piece.Off : to-piece.Off]}
		rest = to
		return p.add(f, piece.group, part, true)
	}
	end := piece.Off + int64(len(piece.Data))
	for _, s := range gaps(span{piece.Off, end - piece.Off}, taken, p.oldSize) {
		if err := flush(s.off); err != nil {
			return err
		}
		b := bulk{group: piece.group, off: s.off, data: piece.Data[s.off-piece.Off : s.end()-piece.Off]}
		if err := p.addBulk(f, b); err != nil {
			return err
		}
		rest = s.end()
	}
	return flush(end)
}

// gaps returns the whole sectors of a range that lie between the taken ranges, cut at the old end of the file.
func gaps(in span, taken []span, oldSize int64) (all []span) {
	from := (in.off + sectorSize - 1) / sectorSize * sectorSize
	last := in.end() / sectorSize * sectorSize
	add := func(to int64) {
		if from < oldSize && oldSize < to {
			all = append(all, span{from, oldSize - from})
			from = oldSize
		}
		if from < to {
			all = append(all, span{from, to - from})
		}
	}
	i, _ := slices.BinarySearchFunc(taken, from, func(s span, off int64) int { return cmp.Compare(s.end()-1, off) })
	for ; i < len(taken) && taken[i].off < last; i++ {
		add(taken[i].off)
		from = max(from, taken[i].end())
	}
	add(last)
	return all
}

// addBulk reads the old bytes of a bulk, and leaves out the sectors that it does not change.
func (p *plan) addBulk(f Reader, b bulk) error {
	if b.off < p.oldSize {
		b.before = make([]byte, len(b.data))
		if err := readFull(f, b.before, b.off); err != nil {
			return readingOld(err)
		}
	}
	zeros := make([]byte, sectorSize)
	same := func(at int) bool {
		if b.before == nil {
			return bytes.Equal(b.data[at:at+sectorSize], zeros)
		}
		return bytes.Equal(b.data[at:at+sectorSize], b.before[at:at+sectorSize])
	}
	for at := 0; at < len(b.data); {
		from := at
		for at < len(b.data) && !same(at) {
			at += sectorSize
		}
		if at > from {
			part := bulk{group: b.group, off: b.off + int64(from), data: b.data[from:at]}
			if b.before != nil {
				part.before = b.before[from:at]
			}
			p.bulks = append(p.bulks, part)
		}
		for at < len(b.data) && same(at) {
			at += sectorSize
		}
	}
	return nil
}

// settleBulks makes sectors of those bulks of groups whose old bytes must be kept all the same. A file that holds all of the
// groups must also hold all bulks; only a sector that changes after a bulk was written, and not before, can show that it was.
func (p *plan) settleBulks(f Reader) error {
	p.shows = fillGroup
	p.wipes = merged(p.wipes)
	for _, c := range p.content {
		n := len(c.versions)
		if n > 0 && !c.versions[0].fresh && len(p.wipesIn(&c.sector)) == 0 && !bytes.Equal(c.before, c.versions[n-1].data) {
			p.shows = max(p.shows, c.versions[0].group)
		}
	}
	kept := p.bulks[:0]
	for _, b := range p.bulks {
		if b.group == fillGroup || b.group < p.shows {
			kept = append(kept, b)
			continue
		}
		if err := p.add(f, b.group, Piece{Off: b.off, Data: b.data}, false); err != nil {
			return err
		}
	}
	p.bulks = kept
	slices.SortFunc(p.bulks, func(a, b bulk) int { return cmp.Compare(a.off, b.off) })
	return nil
}

// digestBulks makes the journal's runs.
func (p *plan) digestBulks() {
	total := 0
	for _, b := range p.bulks {
		total += len(b.data) / sectorSize * digestSize
	}
	sums := make([]byte, 0, total)
	p.runs = make([]run, 0, len(p.bulks))
	for _, b := range p.bulks {
		first := len(sums)
		for s := range slices.Chunk(b.data, sectorSize) {
			sum := digest(s)
			sums = append(sums, sum[:]...)
		}
		p.runs = append(p.runs, run{off: b.off, digests: sums[first:len(sums):len(sums)]})
	}
}

// restoreBulks puts back what was there before, in the old part of the file.
func (p *plan) restoreBulks(f File) error {
	now := make([]byte, sectorSize)
	for _, b := range p.bulks {
		for at := 0; at < len(b.before); at += sectorSize {
			before, off := b.before[at:at+sectorSize], b.off+int64(at)
			if err := readFull(f, now, off); err != nil {
				return err
			}
			if bytes.Equal(now, before) {
				continue
			}
			if _, err := f.WriteAt(before, off); err != nil {
				return err
			}
		}
	}
	return nil
}
