package ndr

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// GUID is a globally unique identifier ([MS-DTYP] 2.3.4) in its wire form: a 32-bit and two 16-bit little endian
// integers, then eight bytes.
type GUID [16]byte

// IsZero reports whether g is all zero.
func (g GUID) IsZero() bool { return g == GUID{} }

// String returns the usual lower-case text without braces, such as "631c7621-5289-4321-bc9e-80f843f868c3".
func (g GUID) String() string {
	le := binary.LittleEndian
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", le.Uint32(g[0:]), le.Uint16(g[4:]), le.Uint16(g[6:]), g[8:10], g[10:])
}

// ParseGUID reads what String writes, in either case, with or without braces.
func ParseGUID(s string) (GUID, error) {
	t := s
	if strings.HasPrefix(t, "{") && strings.HasSuffix(t, "}") {
		t = t[1 : len(t)-1]
	}
	var g GUID
	if len(t) != 36 || t[8] != '-' || t[13] != '-' || t[18] != '-' || t[23] != '-' {
		return g, fmt.Errorf("%q is no GUID: it must look like 631c7621-5289-4321-bc9e-80f843f868c3", s)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(t, "-", ""))
	if err != nil || len(b) != len(g) {
		return g, fmt.Errorf("%q is no GUID: it must consist of hexadecimal digits", s)
	}
	le, be := binary.LittleEndian, binary.BigEndian
	le.PutUint32(g[0:], be.Uint32(b[0:]))
	le.PutUint16(g[4:], be.Uint16(b[4:]))
	le.PutUint16(g[6:], be.Uint16(b[6:]))
	copy(g[8:], b[8:])
	return g, nil
}
