package ntfs

import "encoding/binary"

// All numbers of NTFS are little-endian. Callers have checked that the slice is long enough.

func u16(b []byte, off int) uint16 { return binary.LittleEndian.Uint16(b[off:]) }
func u32(b []byte, off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
func u64(b []byte, off int) uint64 { return binary.LittleEndian.Uint64(b[off:]) }
func i64(b []byte, off int) int64  { return int64(u64(b, off)) }

func put16(b []byte, off int, v uint16) { binary.LittleEndian.PutUint16(b[off:], v) }
func put32(b []byte, off int, v uint32) { binary.LittleEndian.PutUint32(b[off:], v) }
func put64(b []byte, off int, v uint64) { binary.LittleEndian.PutUint64(b[off:], v) }

// align8 rounds up to a multiple of 8, as attributes and index entries are.
func align8(n int) int { return (n + 7) &^ 7 }

func isPowerOfTwo(n int64) bool { return n > 0 && n&(n-1) == 0 }
