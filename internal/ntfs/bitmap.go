package ntfs

import (
	"cmp"
	"slices"
)

// setBits sets or clears bits of a bitmap, each of which must be the other way round: anything else means damage. A sector that
// a later stage has cleared bits of gets the new ones in all stages, so that one epoch can do both.
func (t *Tx) setBits(s *stream, first, n int64, set bool) error {
	stage := StageAllocate
	if !set {
		stage = StageFree
	}
	from, to := first/8, (first+n+7)/8
	if to > min(s.size, s.initialized) {
		return damaged("bits %d+%d of a bitmap of %d bytes", first, n, s.size)
	}
	return t.ranges(s, from, to-from, func(dev, at, length int64) error {
		if dev < 0 {
			return damaged("a bitmap with a hole")
		}
		for length > 0 {
			sector := dev / sectorSize * sectorSize
			k := min(sector+sectorSize-dev, length)
			bits := bitRange{byteOff: dev - sector, skip: max(first-8*(from+at), 0), end: min(first+n-8*(from+at), 8*k)}
			if err := t.changeBits(sector, bits, set, stage); err != nil {
				return err
			}
			dev, at, length = dev+k, at+k, length-k
		}
		return nil
	})
}

// bitRange is bits skip to end, counted from the byte byteOff of a sector.
type bitRange struct{ byteOff, skip, end int64 }

func (r bitRange) apply(b []byte, set bool) {
	for i := r.skip; i < r.end; i++ {
		if mask := byte(1) << (i % 8); set {
			b[r.byteOff+i/8] |= mask
		} else {
			b[r.byteOff+i/8] &^= mask
		}
	}
}

// all reports whether every bit of the range is the given way.
func (r bitRange) all(b []byte, set bool) bool {
	for i := r.skip; i < r.end; i++ {
		if b[r.byteOff+i/8]>>(i%8)&1 != 0 != set {
			return false
		}
	}
	return true
}

func (t *Tx) changeBits(sector int64, bits bitRange, set bool, stage Stage) error {
	now := make([]byte, sectorSize)
	if err := readFull(t.view, now, sector); err != nil {
		return err
	}
	if !bits.all(now, !set) {
		return damaged("a bitmap has bits at %d that are not as the files say", sector)
	}
	bits.apply(now, set)
	if !t.changedAfter(stage, sector, sectorSize) {
		t.put(sector, now, stage, 0)
		return nil
	}
	then, err := t.contentAt(stage, sector)
	if err != nil {
		return err
	}
	bits.apply(then, set)
	t.layer(stage).write(sector, then, 0)
	for _, later := range t.epochs[len(t.epochs)-1][stage+1:] {
		if b := later.sector(sector); b != nil {
			bits.apply(b, set)
		}
	}
	t.view.over.write(sector, now, 0)
	return nil
}

// contentAt returns what a sector holds after a stage of the current epoch.
func (t *Tx) contentAt(stage Stage, sector int64) ([]byte, error) {
	for e := len(t.epochs) - 1; e >= 0; e-- {
		for ; ; stage-- {
			if b := t.epochs[e][stage].sector(sector); b != nil {
				return slices.Clone(b), nil
			}
			if stage == 0 {
				break
			}
		}
		stage = stages - 1
	}
	if b := t.view.fills.sector(sector); b != nil {
		return slices.Clone(b), nil
	}
	b := make([]byte, sectorSize)
	return b, readFull(t.view.base, b, sector)
}

// maxPieces bounds the pieces that are looked for. A FILE record of 4 KiB holds fewer.
const maxPieces = 1024

// maxAtOnce bounds what is taken or freed at once, in bytes: a volume may say that a small file has all of a large disk.
const maxAtOnce = 1 << 30

// allocate takes n clusters, all together where that is possible, and else in few pieces. near is where they should begin (the
// end of the file that grows), or -1. It returns a *Refused (NoSpace) when there are not enough, and TooLarge.
func (t *Tx) allocate(n, near int64) ([]extent, error) {
	if n > maxAtOnce/t.cluster {
		return nil, refuse(TooLarge, "%d clusters of %d bytes", n, t.cluster)
	}
	got, err := t.continued(n, near)
	if err != nil {
		return nil, err
	}
	if err := t.take(got); err != nil { // before the rest is looked for
		return nil, err
	}
	rest := n - runClusters(got)
	if rest == 0 {
		return got, nil
	}
	pieces, err := t.findPieces(rest)
	if err != nil {
		return nil, err
	}
	for i, p := range pieces {
		k := min(p.n, rest)
		got, rest = appendRun(got, p.lcn, k), rest-k
		if pieces[i].n = k; rest == 0 {
			pieces = pieces[:i+1]
			break
		}
	}
	return got, t.take(pieces)
}

// findPieces returns free pieces of n clusters together, or of a few more.
func (t *Tx) findPieces(n int64) ([]extent, error) {
	pieces, err := t.findFree(n, true)
	if err == nil && total(pieces) < n && t.options.Room != nil && !t.options.RoomOnly {
		pieces, err = t.findFree(n, false)
	}
	if err == nil && total(pieces) < n {
		err = refuse(NoSpace, "%d of %d bytes", total(pieces)*t.cluster, n*t.cluster)
	}
	return pieces, err
}

func total(pieces []extent) (n int64) {
	for _, p := range pieces {
		n += p.n
	}
	return n
}

func (t *Tx) take(got []extent) error {
	bitmap, err := t.bitmap()
	if err != nil {
		return err
	}
	for _, e := range got {
		if err := t.setBits(bitmap, e.lcn, e.n, true); err != nil {
			return err
		}
		for lcn := e.lcn; lcn < e.lcn+e.n; lcn++ {
			t.taken[lcn] = birth{len(t.epochs) - 1, t.barriers}
		}
	}
	return nil
}

// continued returns the free clusters at near, n at most.
func (t *Tx) continued(n, near int64) ([]extent, error) {
	if near < 0 || near >= t.clusters {
		return nil, nil
	}
	var found []extent
	err := t.freeIn(near, min(near+n, t.clusters), n, func(lcn, k int64) bool {
		if lcn == near && t.room(lcn, k) {
			found = appendRun(nil, lcn, k)
		}
		return false
	})
	return found, err
}

func (t *Tx) room(lcn, n int64) bool {
	return t.options.Room == nil || t.options.Room(lcn*t.cluster, n*t.cluster)
}

// findFree returns one piece of n free clusters, or where there is none the longest pieces, longest first.
func (t *Tx) findFree(n int64, inRoom bool) ([]extent, error) {
	var pieces []extent
	whole := false
	collect := func(lcn, k int64) bool {
		if k >= n {
			pieces, whole = []extent{{lcn: lcn, n: n}}, true
			t.search = lcn + n
			return false
		}
		if pieces = append(pieces, extent{lcn: lcn, n: k}); len(pieces) >= 2*maxPieces {
			pieces = longest(pieces)
		}
		return true
	}
	enough := n
	if inRoom && t.options.Room != nil {
		enough = max(n, 64*roomGrain/t.cluster) // of which a part may be outside
	}
	for _, zone := range t.zones() {
		if err := t.freeIn(zone[0], zone[1], enough, t.within(inRoom, collect)); err != nil || whole {
			return pieces, err
		}
	}
	return longest(pieces), nil
}

func longest(pieces []extent) []extent {
	slices.SortStableFunc(pieces, func(a, b extent) int { return cmp.Compare(b.n, a.n) })
	return pieces[:min(len(pieces), maxPieces)]
}

// zones returns the order of the search: from where the last one ended, then the rest, and at last the zone behind $MFT that
// Windows keeps free for its growth (an eighth of the volume, at most 200 MiB).
func (t *Tx) zones() [][2]int64 {
	last := t.mft.runs[len(t.mft.runs)-1]
	from := last.lcn + last.n
	to := min(from+min(t.clusters/8, 200<<20/t.cluster), t.clusters)
	if t.search < to {
		t.search = to
	}
	return [][2]int64{{t.search, t.clusters}, {to, t.search}, {0, from}, {from, to}}
}

// roomGrain is the smallest range that Room is asked for: containers allocate in units of this size or larger, mostly.
const roomGrain = 64 << 10

// within returns do for those parts of free stretches that are inside the container's room.
func (t *Tx) within(inRoom bool, do func(lcn, n int64) bool) func(lcn, n int64) bool {
	if !inRoom || t.options.Room == nil {
		return do
	}
	return func(lcn, n int64) bool {
		if t.room(lcn, n) {
			return do(lcn, n)
		}
		grain := max(roomGrain/t.cluster, 1)
		start, k := lcn, int64(0) // a stretch inside that is not handed on yet
		for at := lcn; at < lcn+n; {
			size := min(grain-at%grain, lcn+n-at)
			switch {
			case t.room(at, size) && k > 0:
				k += size
			case t.room(at, size):
				start, k = at, size
			case k > 0:
				if !do(start, k) {
					return false
				}
				k = 0
			}
			at += size
		}
		return k == 0 || do(start, k)
	}
}

// bitmapStep is how much of $Bitmap is read at once.
const bitmapStep = 16 << 10

// freeIn calls do for each stretch of clusters from..to that was free on disk and has not been taken since, until it returns
// false. A stretch is handed out when it is enough clusters long. Clusters that were freed since stay what they were, so
// that the old state can be brought back.
func (t *Tx) freeIn(from, to, enough int64, do func(lcn, n int64) bool) error {
	base := t.reader
	base.dev = t.view.base
	start, b := int64(-1), make([]byte, bitmapStep)
	var loaded, end int64 = 0, -1 // clusters that b covers
	for c := from; c < to; c++ {
		if c >= end {
			loaded = c / 8 * 8
			n := min(int64(bitmapStep), t.onDisk.size-loaded/8)
			if err := base.readStream(t.onDisk, b[:n], loaded/8); err != nil {
				return err
			}
			end = loaded + 8*n
		}
		if start < 0 && c%8 == 0 && b[(c-loaded)/8] == 0xff && c+8 <= to && c+8 <= end {
			c += 7 // eight in use at once
			continue
		}
		_, taken := t.taken[c]
		free := !taken && b[(c-loaded)/8]>>((c-loaded)%8)&1 == 0
		if free && start < 0 {
			start = c
		}
		if end := c; start >= 0 && (!free || c-start+1 >= enough) {
			if free {
				end++
			}
			if !do(start, end-start) {
				return nil
			}
			start = -1
		}
	}
	if start >= 0 {
		do(start, to-start)
	}
	return nil
}

// free clears the bits of clusters and has them zeroed at the end of the plan.
func (t *Tx) free(runs []extent) error {
	sum := int64(0)
	for _, e := range runs {
		if e.lcn != hole {
			sum += e.n
		}
		if sum > maxAtOnce/t.cluster {
			return refuse(TooLarge, "%d clusters of %d bytes", sum, t.cluster)
		}
	}
	bitmap, err := t.bitmap()
	if err != nil {
		return err
	}
	for _, e := range runs {
		if e.lcn == hole {
			continue
		}
		if err := t.setBits(bitmap, e.lcn, e.n, false); err != nil {
			return err
		}
		t.wipes = append(t.wipes, stretch{e.lcn * t.cluster, e.n * t.cluster})
	}
	return nil
}
