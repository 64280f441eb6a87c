package regf

import (
	"sort"
	"unicode/utf16"
)

// upcase maps one UTF-16 unit as Windows does for registry names. Surrogates map to themselves.
func upcase(c uint16) uint16 {
	if c < 0x80 {
		if 'a' <= c && c <= 'z' {
			return c - 0x20
		}
		return c
	}
	i := sort.Search(len(upcaseRanges), func(i int) bool { return upcaseRanges[i].last >= c })
	if i == len(upcaseRanges) {
		return c
	}
	if r := upcaseRanges[i]; c >= r.first && (c-r.first)%r.stride == 0 {
		return uint16(int32(c) + r.delta)
	}
	return c
}

// compareNames orders names as the subkey indexes do: by upcased unit, the shorter first on a common prefix.
func compareNames(a, b []uint16) int {
	for i := range min(len(a), len(b)) {
		if x, y := upcase(a[i]), upcase(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// nameHash is the hash in lh leaves (docs/internals/regf.md §1.5).
func nameHash(name []uint16) uint32 {
	var h uint32
	for _, c := range name {
		h = h*37 + uint32(upcase(c))
	}
	return h
}

// nameHint is the hint in lf leaves: the first four characters, as far as they fit in one byte.
func nameHint(name []uint16) uint32 {
	var b [4]byte
	for i := range min(4, len(name)) {
		if name[i] > 0xFF {
			break
		}
		b[i] = byte(name[i])
	}
	return le.Uint32(b[:])
}

func encodeName(s string) []uint16 { return utf16.Encode([]rune(s)) }

func decodeName(u []uint16) string { return string(utf16.Decode(u)) }

// isLatin1 tells whether Windows stores the name as one byte per character (docs/internals/regf.md §1.4).
func isLatin1(name []uint16) bool {
	for _, c := range name {
		if c > 0xFF {
			return false
		}
	}
	return true
}

// nameBytes returns the name as stored, and whether it is compressed.
func nameBytes(name []uint16) (b []byte, compressed bool) {
	if isLatin1(name) {
		b = make([]byte, len(name))
		for i, c := range name {
			b[i] = byte(c)
		}
		return b, true
	}
	b = make([]byte, 0, 2*len(name))
	for _, c := range name {
		b = le.AppendUint16(b, c)
	}
	return b, false
}

// parseName is the mirror of nameBytes.
func parseName(b []byte, compressed bool) []uint16 {
	if compressed {
		u := make([]uint16, len(b))
		for i, c := range b {
			u[i] = uint16(c)
		}
		return u
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = le.Uint16(b[2*i:])
	}
	return u
}
