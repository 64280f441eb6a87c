package qcow2

import (
	"cmp"
	"maps"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// fragment is the part of a write that lies in one cluster.
type fragment struct {
	in    int64 // offset in the cluster
	data  []byte
	fresh bool
	group int
	wipe  bool
	stale bool
}

// touched is a cluster that is written to, and by what: fresh fragments first, then by group, then as they were given.
type touched struct {
	index int64 // of the cluster on the virtual disk
	parts []fragment
}

// splitByCluster cuts writes along clusters of 2^bits bytes, in the order of the disk.
func splitByCluster(writes []container.Write, bits int, size int64) ([]touched, error) {
	byCluster := map[int64][]fragment{}
	for _, w := range writes {
		if w.Off < 0 || w.Off > size || int64(len(w.Data)) > size-w.Off {
			return nil, &container.Refused{Kind: container.Unsupported, Detail: "a write beyond the end of the virtual disk"}
		}
		for off, left := w.Off, w.Data; len(left) > 0; {
			in := off & (1<<bits - 1)
			n := min(int64(len(left)), 1<<bits-in)
			byCluster[off>>bits] = append(byCluster[off>>bits],
				fragment{in: in, data: left[:n:n], fresh: w.Fresh, group: w.Group, wipe: w.Wipe, stale: w.Stale})
			off, left = off+n, left[n:]
		}
	}
	out := make([]touched, 0, len(byCluster))
	for _, i := range slices.Sorted(maps.Keys(byCluster)) {
		out = append(out, touched{i, inOrder(byCluster[i])})
	}
	return out, nil
}

// inOrder sorts the fragments of a cluster as they reach the disk.
func inOrder(parts []fragment) []fragment {
	slices.SortStableFunc(parts, func(a, b fragment) int {
		if a.fresh || b.fresh {
			return cmp.Compare(bit(b.fresh), bit(a.fresh))
		}
		return cmp.Compare(a.group, b.group)
	})
	return parts
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
