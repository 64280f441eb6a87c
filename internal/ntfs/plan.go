package ntfs

import (
	"bytes"
	"slices"
)

// Patch is a range of the volume, in whole sectors of 512 bytes, that changes. A sector may be in several groups of a plan: then
// Old is what the group before left there, and only the first Old is what was on disk.
type Patch struct {
	Off      int64
	Old, New []byte // equally long; Old is nil where Wipe is set

	// Secrecy counts what earlier groups and fills wrote there as old.
	Secrecy Secrecy
	// Fresh means that the clusters were free on disk before the plan, or that what they held is stale (see File.WriteStale): to
	// undo it, they need not be put back.
	Fresh bool
	// Wipe means that the clusters are free already and New is zeros: what they held is not kept anywhere, and after a
	// crash the range is zeroed again.
	Wipe bool
}

// Fill is content for clusters that are free on disk. Nothing refers to them before the first group is written.
type Fill struct {
	Off    int64
	Data   []byte
	Secret bool
}

// Group is a set of patches that is flushed before the next group is written.
type Group struct {
	Stage   Stage
	Patches []Patch // by offset, without overlaps
}

// Plan is everything that a Tx changes: first the fills, then group after group. At the end of each group the volume is sound
// but for clusters and records that are marked and not used, and files that have no name.
type Plan struct {
	Fills  []Fill
	Groups []Group
}

// Stage is the place of a group inside the part of a plan between two barriers.
type Stage uint8

// The stages, in their order.
const (
	StageAllocate Stage = iota // bits of $Bitmap and $MFT's bitmap are set; slack is zeroed that a file grows into
	StageRecords               // FILE records: new files, and files that grew or shrank
	StageIndex                 // directories: new names and new sizes
	StageData                  // contents of files, in place
	StageSettle                // how much of a file is valid, after its contents
	StageUnlink                // directories: names that go
	StageRelease               // FILE records of files that are gone
	StageFree                  // bits of the bitmaps are cleared
	StageWipe                  // zeros over what was freed; always the last group of a plan
	stages
)

// epoch is the part of a plan between two barriers: an overlay for each stage.
type epoch [stages]overlay

// birth is when a cluster was taken.
type birth struct{ epoch, barrier int }

// Barrier makes whatever follows a later part of the plan: it is written when what came before is on disk.
func (t *Tx) Barrier() {
	t.barriers++
	t.nextEpoch()
}

func (t *Tx) nextEpoch() {
	if e := t.epochs[len(t.epochs)-1]; slices.ContainsFunc(e[:], func(o overlay) bool { return len(o) > 0 }) {
		t.epochs = append(t.epochs, new(epoch))
	}
}

// put changes whole sectors at a stage of the current epoch. What a later stage of this epoch has changed already cannot be
// changed before it any more: then a new epoch begins. Sectors in clusters that were taken in this epoch are fills, as
// nothing on disk refers to them yet; contents of files (StageData) stay fills until the next Barrier.
func (t *Tx) put(off int64, b []byte, stage Stage, s Secrecy) {
	if t.changedAfter(stage, off, int64(len(b))) {
		t.nextEpoch()
	}
	t.keep(off, int64(len(b)))
	for len(b) > 0 {
		fresh := t.fresh(off/t.cluster, stage)
		n := min(t.cluster-off%t.cluster, int64(len(b)))
		for n < int64(len(b)) && t.fresh((off+n)/t.cluster, stage) == fresh {
			n += min(t.cluster, int64(len(b))-n)
		}
		if fresh {
			t.view.fills.write(off, b[:n], s&NewSecret)
			t.view.over.rewrite(off, b[:n])
		} else {
			t.layer(stage).write(off, b[:n], s)
			t.view.over.write(off, b[:n], 0)
		}
		off, b = off+n, b[n:]
	}
}

// keep takes a range that is written again out of what will be zeroed: the end of a file that shrank and then grew.
func (t *Tx) keep(off, n int64) {
	touches := func(w stretch) bool { return w.off < off+n && off < w.off+w.n }
	if !slices.ContainsFunc(t.wipes, touches) {
		return
	}
	var kept []stretch
	for _, w := range t.wipes {
		if !touches(w) {
			kept = append(kept, w)
			continue
		}
		if w.off < off {
			kept = append(kept, stretch{w.off, off - w.off})
		}
		if end := w.off + w.n; end > off+n {
			kept = append(kept, stretch{off + n, end - off - n})
		}
	}
	t.wipes = kept
}

func (t *Tx) layer(stage Stage) overlay {
	e := t.epochs[len(t.epochs)-1]
	if e[stage] == nil {
		e[stage] = overlay{}
	}
	return e[stage]
}

// changedAfter reports whether a stage behind the given one has changed a sector of the range in this epoch.
func (t *Tx) changedAfter(stage Stage, off, n int64) bool {
	for _, later := range t.epochs[len(t.epochs)-1][stage+1:] {
		if len(later) == 0 {
			continue
		}
		for o := off; o < off+n; o += sectorSize {
			if later.sector(o) != nil {
				return true
			}
		}
	}
	return false
}

// fresh reports whether a change of the cluster at this stage belongs into the fills.
func (t *Tx) fresh(cluster int64, stage Stage) bool {
	b, taken := t.taken[cluster]
	switch {
	case !taken || stage > StageData:
		return false
	case stage == StageData || stage == StageAllocate:
		return b.barrier == t.barriers
	}
	return b.epoch == len(t.epochs)-1
}

// Plan returns all changes. Reading the old bytes may fail.
func (t *Tx) Plan() (*Plan, error) {
	wipe, unused, err := t.planWipes()
	if err != nil {
		return nil, err
	}
	p := &Plan{Fills: t.planFills(unused)}
	before := overlay{} // what the groups so far leave behind
	for _, e := range t.epochs {
		for stage, o := range e {
			g := Group{Stage: Stage(stage)}
			for _, r := range o.stretches() {
				var err error
				if g.Patches, err = t.appendPatches(g.Patches, o, before, r); err != nil {
					return nil, err
				}
			}
			for _, c := range g.Patches {
				before.write(c.Off, c.New, c.Secrecy&NewSecret)
			}
			if len(g.Patches) > 0 {
				p.Groups = append(p.Groups, g)
			}
		}
	}
	if len(wipe) > 0 {
		p.Groups = append(p.Groups, Group{StageWipe, wipe})
	}
	return p, nil
}

// stretch is a range of the volume.
type stretch struct{ off, n int64 }

// stretches returns the changed sectors by offset, joined where they touch and agree in secrecy.
func (o overlay) stretches() []stretch {
	pages := make([]int64, 0, len(o))
	for n := range o {
		pages = append(pages, n)
	}
	slices.Sort(pages)
	var all []stretch
	for _, n := range pages {
		for i := range int64(pageSize / sectorSize) {
			off := n*pageSize + i*sectorSize
			if o.sector(off) == nil {
				continue
			}
			if k := len(all) - 1; k >= 0 && all[k].off+all[k].n == off && o.secrecy(off) == o.secrecy(all[k].off) {
				all[k].n += sectorSize
			} else {
				all = append(all, stretch{off, sectorSize})
			}
		}
	}
	return all
}

// read returns the sectors of a stretch, all of which are in the overlay.
func (o overlay) read(r stretch) []byte {
	b := make([]byte, 0, r.n)
	for off := r.off; off < r.off+r.n; off += sectorSize {
		b = append(b, o.sector(off)...)
	}
	return b
}

// planFills returns the fills, but for sectors that nothing uses in the end.
func (t *Tx) planFills(unused map[int64]bool) []Fill {
	var all []Fill
	add := func(r stretch) {
		if r.n > 0 {
			all = append(all, Fill{r.off, t.view.fills.read(r), t.view.fills.secrecy(r.off)&NewSecret != 0})
		}
	}
	for _, r := range t.view.fills.stretches() {
		from := r.off
		for off := r.off; len(unused) > 0 && off < r.off+r.n; off += sectorSize {
			if unused[off] {
				add(stretch{from, off - from})
				from = off + sectorSize
			}
		}
		add(stretch{from, r.off + r.n - from})
	}
	return all
}

// appendPatches adds what of a stretch differs from what is there before.
func (t *Tx) appendPatches(all []Patch, o, before overlay, r stretch) ([]Patch, error) {
	old := make([]byte, r.n)
	if err := readFull(t.view.base, old, r.off); err != nil {
		return nil, err
	}
	for off := r.off; off < r.off+r.n; off += sectorSize {
		was := old[off-r.off:][:sectorSize:sectorSize]
		secrecy := o.secrecy(off)
		next := Patch{Off: off, Secrecy: secrecy &^ stale}
		_, next.Fresh = t.taken[off/t.cluster]
		next.Fresh = next.Fresh || secrecy&stale != 0
		for _, earlier := range []overlay{t.view.fills, before} {
			if b := earlier.sector(off); b != nil {
				copy(was, b)
				if earlier.secrecy(off)&NewSecret != 0 {
					next.Secrecy |= OldSecret
				}
			}
		}
		if now := o.sector(off); !bytes.Equal(was, now) {
			next.Old, next.New = was, now
			all = joinPatch(all, next)
		}
	}
	return all, nil
}

// joinPatch adds a patch, to the last one where it goes on and is of the same kind.
func joinPatch(all []Patch, next Patch) []Patch {
	if k := len(all) - 1; k >= 0 {
		last := &all[k]
		if last.Off+int64(len(last.New)) == next.Off && last.Secrecy == next.Secrecy && last.Fresh == next.Fresh && !last.Wipe {
			last.Old, last.New = append(last.Old, next.Old...), append(last.New, next.New...)
			return all
		}
	}
	next.Old, next.New = bytes.Clone(next.Old), bytes.Clone(next.New)
	return append(all, next)
}

// wipeStep is how much one patch of zeros covers at most. They share the zeros.
const wipeStep = 64 << 10

// planWipes returns zeros for what was freed, but for sectors that are zero anyway: nothing need be allocated for those in a
// container that has holes. Of clusters that were taken and freed by one plan nothing was on disk: what is only filled there is
// returned as unused, and what a group changes is zeroed like any other bytes.
func (t *Tx) planWipes() (all []Patch, unused map[int64]bool, err error) {
	slices.SortFunc(t.wipes, func(a, b stretch) int { return int(min(max(a.off-b.off, -1), 1)) })
	zeros, b := make([]byte, wipeStep), make([]byte, wipeStep)
	for _, w := range t.wipes {
		for w.n > 0 {
			n := min(w.n, wipeStep)
			if err := readFull(t.view, b[:n], w.off); err != nil {
				return nil, nil, err
			}
			var part []Patch
			for at := int64(0); at < n; at += sectorSize {
				off, old := w.off+at, b[at:at+sectorSize]
				_, taken := t.taken[off/t.cluster]
				switch k := len(part) - 1; {
				case taken && t.view.over.sector(off) == nil:
					if unused == nil {
						unused = map[int64]bool{}
					}
					unused[off] = true
				case bytes.Equal(old, zeros[:sectorSize]):
				case taken:
					part = joinPatch(part, Patch{Off: off, Old: old, New: zeros[:sectorSize], Secrecy: OldSecret, Fresh: true})
				case k >= 0 && part[k].Wipe && part[k].Off+int64(len(part[k].New)) == off:
					part[k].New = zeros[:len(part[k].New)+sectorSize]
				default:
					part = append(part, Patch{Off: off, New: zeros[:sectorSize], Secrecy: OldSecret, Wipe: true})
				}
			}
			all = append(all, part...)
			w = stretch{w.off + n, w.n - n}
		}
	}
	return all, unused, nil
}
