package ntfs

import "math/bits"

// extent is a stretch of a stream: n clusters from virtual cluster vcn, at cluster lcn of the volume, or a hole.
type extent struct{ vcn, lcn, n int64 }

const hole = -1 // as lcn: reads as zeros

// maxExtents bounds the runs of one stream, over all records of its attribute list.
const maxExtents = 1 << 18

// decodeRuns reads mapping pairs that begin at virtual cluster vcn of a volume with the given number of clusters. Each pair is
// a header byte (low half: bytes of the length, high half: bytes of the distance from the last place, 0 for a hole), then
// both numbers, signed; a zero byte ends the list.
func decodeRuns(b []byte, vcn, clusters int64) ([]extent, error) {
	var runs []extent
	var lcn int64
	for len(b) > 0 && b[0] != 0 {
		n, m := int(b[0]&15), int(b[0]>>4)
		if n == 0 || n > 8 || m > 8 || 1+n+m > len(b) {
			return nil, damaged("run list: header %#x", b[0])
		}
		length := signed(b[1 : 1+n])
		if length <= 0 || length > 1<<48 || vcn > 1<<48 {
			return nil, damaged("run list: %d clusters", length)
		}
		e := extent{vcn, hole, length}
		if m > 0 {
			lcn += signed(b[1+n : 1+n+m])
			if lcn < 0 || lcn >= clusters || length > clusters-lcn {
				return nil, damaged("run list: clusters %d+%d of %d", lcn, length, clusters)
			}
			e.lcn = lcn
		}
		runs = append(runs, e)
		vcn += length
		b = b[1+n+m:]
	}
	if len(b) == 0 {
		return nil, damaged("run list without an end")
	}
	return runs, nil
}

func signed(b []byte) int64 {
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	shift := 64 - 8*len(b)
	return int64(v<<shift) >> shift
}

// encodeRuns is the mirror of decodeRuns, with each number in as few bytes as it takes.
func encodeRuns(runs []extent) []byte {
	var b []byte
	var lcn int64
	for _, e := range runs {
		length := minimal(e.n)
		var distance []byte
		if e.lcn != hole {
			distance = minimal(e.lcn - lcn)
			lcn = e.lcn
		}
		b = append(b, byte(len(distance)<<4|len(length)))
		b = append(append(b, length...), distance...)
	}
	return append(b, 0)
}

// minimal returns a signed number in as few bytes as it takes, at least one.
func minimal(v int64) []byte {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = ^magnitude
	}
	n := bits.Len64(magnitude)/8 + 1 // one bit more, for the sign
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}

// appendRun adds an extent behind the others, joined to the last one where they touch.
func appendRun(runs []extent, lcn, n int64) []extent {
	if len(runs) == 0 {
		return append(runs, extent{0, lcn, n})
	}
	last := &runs[len(runs)-1]
	if last.lcn != hole && last.lcn+last.n == lcn {
		last.n += n
		return runs
	}
	return append(runs, extent{last.vcn + last.n, lcn, n})
}

// runClusters returns the number of virtual clusters that the runs cover, holes included.
func runClusters(runs []extent) int64 {
	if len(runs) == 0 {
		return 0
	}
	last := runs[len(runs)-1]
	return last.vcn + last.n
}
