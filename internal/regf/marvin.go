package regf

import "math/bits"

// logHash is the Marvin32 hash that protects the entries of new-format logs, with the fixed seed of the format
// (docs/internals/regf.md §3.1). data must be a multiple of 4 bytes long, which entries always are.
func logHash(data []byte) uint64 {
	const seed uint64 = 0x82EF4D887A4E55C5
	lo, hi := uint32(seed&0xFFFFFFFF), uint32(seed>>32)
	mix := func(v uint32) {
		lo += v
		hi ^= lo
		lo = bits.RotateLeft32(lo, 20) + hi
		hi = bits.RotateLeft32(hi, 9) ^ lo
		lo = bits.RotateLeft32(lo, 27) + hi
		hi = bits.RotateLeft32(hi, 19)
	}
	for ; len(data) >= 4; data = data[4:] {
		mix(le.Uint32(data))
	}
	mix(0x80)
	mix(0)
	return uint64(hi)<<32 | uint64(lo)
}
