package undojournal_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

const sectorSize = 512

// The secrets of the tests: one that a wipe takes away, one that a fill or a group brings in.
const (
	oldSecret = "OLD-S3CR3T"
	newSecret = "NEW-S3CR3T"
)

// trial is a file and a change of it.
type trial struct {
	old    []byte
	change undojournal.Change
	want   []byte // the new file
	fills  []bool // for each byte of old, whether a fill or a fresh piece may leave it zero or old
}

// randomTrial returns a file of some KiB and a change with everything that can be in one.
func randomTrial(r *rand.Rand) trial {
	size := 20*sectorSize + r.IntN(20)*sectorSize
	if r.IntN(3) == 0 {
		size += r.IntN(sectorSize)
	}
	t := trial{old: make([]byte, size)}
	for i := range t.old {
		t.old[i] = byte(1 + r.IntN(255))
	}
	grown := size
	if r.IntN(2) == 0 {
		grown += 1 + r.IntN(6*sectorSize)
	}
	t.change.Size = int64(grown)
	third := size / 3 / sectorSize * sectorSize
	for range r.IntN(3) { // fills lie in the first third, or behind the old end
		t.change.Fills = append(t.change.Fills, undojournal.Piece{Off: int64(r.IntN(third / 2)), Data: secretText(1+r.IntN(third/2), r)})
	}
	if grown > size {
		n := 1 + r.IntN(grown-size)
		t.change.Fills = append(t.change.Fills, undojournal.Piece{Off: int64(grown - n), Data: secretText(n, r)})
	}
	t.addWipes(third, r)
	t.addGroups(third, grown, r)
	t.addSecretsThatStay(third, r)
	t.finish()
	return t
}

// addWipes puts secrets into the last third of the file, and wipes them in the last group.
func (t *trial) addWipes(third int, r *rand.Rand) {
	t.change.Groups = make([][]undojournal.Piece, 1+r.IntN(4))
	if r.IntN(2) == 0 {
		return
	}
	last := len(t.change.Groups) - 1
	for range 1 + r.IntN(3) {
		n := 1 + r.IntN(third/2)
		off := 2*third + r.IntN(third-n)
		copy(t.old[off:off+n], bytes.Repeat([]byte(oldSecret), n/len(oldSecret)+1))
		t.change.Groups[last] = append(t.change.Groups[last], undojournal.Piece{Off: int64(off), Data: make([]byte, n), Wipe: true})
	}
}

// addGroups puts pieces into all groups, also over the wiped ranges, before what is there.
func (t *trial) addGroups(third, grown int, r *rand.Rand) {
	for i := range t.change.Groups {
		var pieces []undojournal.Piece
		for range r.IntN(4) {
			from := r.IntN(grown - third)
			n := 1 + r.IntN(min(3*sectorSize, grown-third-from))
			pieces = append(pieces, undojournal.Piece{Off: int64(third + from), Data: secretText(n, r)})
		}
		if r.IntN(4) == 0 { // what changes and changes back
			off := third + r.IntN(third/2)
			pieces = append(pieces, undojournal.Piece{Off: int64(off), Data: bytes.Clone(t.old[off : off+third/2])})
		}
		if r.IntN(2) == 0 { // fresh, in the first third, or behind the old end
			off, n := r.IntN(third/2), 1+r.IntN(third/2)
			if grown > len(t.old) && r.IntN(2) == 0 {
				off = len(t.old) + r.IntN(grown-len(t.old))
				n = 1 + r.IntN(grown-off)
			} else if r.IntN(2) == 0 { // whole sectors
				off, n = off/sectorSize*sectorSize, (n+sectorSize-1)/sectorSize*sectorSize
			}
			pieces = append(pieces, undojournal.Piece{Off: int64(off), Data: secretText(n, r), Fresh: true})
		}
		if r.IntN(3) == 0 { // over what a fill or a fresh piece has brought, or a part of it
			off, n := r.IntN(third/2), 1+r.IntN(third/2)
			data := secretText(n, r)
			if r.IntN(2) == 0 {
				clear(data)
			}
			pieces = append(pieces, undojournal.Piece{Off: int64(off), Data: data})
		}
		t.change.Groups[i] = append(pieces, t.change.Groups[i]...)
	}
}

// addSecretsThatStay puts secrets into the second third, beside what the groups change there.
func (t *trial) addSecretsThatStay(third int, r *rand.Rand) {
	last := len(t.change.Groups) - 1
	for range r.IntN(3) {
		n := 1 + r.IntN(min(third/2, sectorSize))
		off := third + r.IntN(third-n)
		stays := bytes.Repeat([]byte(oldSecret), n/len(oldSecret)+1)[:n]
		copy(t.old[off:], stays)
		for _, group := range t.change.Groups {
			for _, p := range group {
				from, to := max(off, int(p.Off)), min(off+n, int(p.Off)+len(p.Data))
				if from < to {
					copy(p.Data[from-int(p.Off):], t.old[from:to])
				}
			}
		}
		t.change.Groups[last] = append(t.change.Groups[last], undojournal.Piece{Off: int64(off), Data: stays, Wipe: true})
	}
}

func secretText(n int, r *rand.Rand) []byte {
	b := bytes.Repeat(fmt.Appendf(nil, "%s %x ", newSecret, r.Uint32()), n/12+1)
	return b[:n]
}

// finish works out the new file, by another way than the package does.
func (t *trial) finish() {
	t.want = append(bytes.Clone(t.old), make([]byte, int(t.change.Size)-len(t.old))...)
	t.fills = make([]bool, len(t.old))
	for _, p := range t.change.Fills {
		copy(t.want[p.Off:], p.Data)
	}
	fresh := slices.Clone(t.change.Fills)
	for _, g := range t.change.Groups {
		for _, p := range g {
			if p.Fresh {
				fresh = append(fresh, p)
			}
		}
	}
	for _, p := range fresh {
		for i := p.Off; i < min(p.Off+int64(len(p.Data)), int64(len(t.old))); i++ {
			t.fills[i] = true
		}
	}
	for _, wipes := range []bool{false, true} {
		for _, g := range t.change.Groups {
			for _, p := range g {
				if p.Wipe == wipes {
					copy(t.want[p.Off:], p.Data)
				}
			}
		}
	}
}

// isOld reports whether got is the old file: where there was a fill, a byte may be zero instead.
func (t *trial) isOld(got []byte) bool {
	if len(got) != len(t.old) {
		return false
	}
	for i := range got {
		if got[i] != t.old[i] && (!t.fills[i] || got[i] != 0) {
			return false
		}
	}
	return true
}

func (t *trial) isNew(got []byte) bool { return bytes.Equal(got, t.want) }
