package imagetest

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// Runs returns how many damaged images a test opens: few, or the number in OFFLINEJOIN_RUNS.
func Runs(t testing.TB, few int) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("OFFLINEJOIN_RUNS")); err == nil {
		return n
	}
	return few
}

// Damage changes up to eight bytes of one of the structures: to anything, to an extreme value, or by one bit.
func Damage(structures [][]byte, r *rand.Rand) {
	b := structures[r.IntN(len(structures))]
	for range 1 + r.IntN(8) {
		at := r.IntN(min(len(b), 4096))
		if len(b) > 4096 && r.IntN(2) == 0 {
			at = len(b) - 1 - r.IntN(64)
		}
		switch r.IntN(4) {
		case 0:
			b[at] = byte(r.Uint32())
		case 1:
			b[at] = 0xFF
		case 2:
			b[at] = 0
		default:
			b[at] ^= 1 << r.IntN(8)
		}
	}
}

// Allocated returns how many bytes f allocates, all together.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
