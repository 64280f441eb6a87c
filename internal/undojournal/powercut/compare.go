package powercut

import (
	"bytes"
	"slices"
)

// Differences returns the offsets of the 512-byte sectors in which what is on the disk of the image differs between two
// machines, and of the sectors that only one has. It looks at changed pages alone where both come from one machine by
// [Machine.Reboot].
func (m *Machine) Differences(other *Machine) (sectors []int64) {
	a, b := m.image.disk, other.image.disk
	size := max(a.size, b.size)
	x, y := make([]byte, pageSize), make([]byte, pageSize)
	for _, n := range a.candidates(b) {
		clear(x)
		clear(y)
		_, _ = a.readAt(x, n*pageSize) // past its end it is zeros
		_, _ = b.readAt(y, n*pageSize)
		for off := int64(0); off < pageSize && n*pageSize+off < size; off += sectorSize {
			end := off + sectorSize
			outside := n*pageSize+off >= min(a.size, b.size)
			if outside || !bytes.Equal(x[off:end], y[off:end]) {
				sectors = append(sectors, n*pageSize+off)
			}
		}
	}
	return sectors
}

// candidates returns the pages, in order, in which two files can differ.
func (p *pages) candidates(o *pages) []int64 {
	same := len(p.base) == len(o.base) && (len(p.base) == 0 || &p.base[0] == &o.base[0])
	may := map[int64]bool{}
	for _, f := range []*pages{p, o} {
		for n := range f.changed {
			may[n] = true
		}
	}
	first := min(p.size, o.size) / pageSize
	if !same {
		first = 0
	}
	for n := first; n*pageSize < max(p.size, o.size); n++ {
		may[n] = true
	}
	all := make([]int64, 0, len(may))
	for n := range may {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}
