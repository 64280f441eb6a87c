package ndr

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// The parts of a SID's wire form ([MS-DTYP] 2.4.2.2).
const (
	sidRevision       = 1
	maxSubAuthorities = 15
	maxAuthority      = 1<<48 - 1
)

// SID is a security identifier. SIDs can be compared with ==; the zero SID has no authority and is written "S-1-0".
type SID struct {
	authority uint64 // 48 bits
	count     uint8
	sub       [maxSubAuthorities]uint32 // zero from count on
}

// String returns the text form ([MS-DTYP] 2.4.2.1), such as "S-1-5-21-1-2-3". Authorities from 2^32 on are hexadecimal.
func (s SID) String() string {
	b := make([]byte, 0, 64)
	if s.authority < 1<<32 {
		b = strconv.AppendUint(append(b, "S-1-"...), s.authority, 10)
	} else {
		b = fmt.Appendf(b, "S-1-0x%012X", s.authority)
	}
	for _, sub := range s.sub[:s.count] {
		b = strconv.AppendUint(append(b, '-'), uint64(sub), 10)
	}
	return string(b)
}

// Child returns s with rid added, as the SID of an account in the domain s, and ok = false when s is full already.
func (s SID) Child(rid uint32) (child SID, ok bool) {
	if int(s.count) == maxSubAuthorities {
		return s, false
	}
	s.sub[s.count] = rid
	s.count++
	return s, true
}

// ParseSID reads the text form.
func ParseSID(text string) (SID, error) {
	var s SID
	fields := strings.Split(text, "-")
	if len(fields) < 3 || !strings.EqualFold(fields[0], "S") || fields[1] != "1" {
		return s, fmt.Errorf("%q is no SID: it must look like S-1-5-21-1-2-3", text)
	}
	if len(fields)-3 > maxSubAuthorities {
		return s, fmt.Errorf("%q is no SID: it has more than %d sub authorities", text, maxSubAuthorities)
	}
	authority, err := parseAuthority(fields[2])
	if err != nil {
		return s, fmt.Errorf("%q is no SID: its authority is no number of 48 bits", text)
	}
	s.authority = authority
	for i, f := range fields[3:] {
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			return SID{}, fmt.Errorf("%q is no SID: a sub authority is no number of 32 bits", text)
		}
		s.sub[i] = uint32(n)
		s.count++
	}
	return s, nil
}

func parseAuthority(text string) (uint64, error) {
	base := 10
	if digits, hex := strings.CutPrefix(strings.ToLower(text), "0x"); hex {
		text, base = digits, 16
	}
	return strconv.ParseUint(text, base, 48)
}

// sidFromWire reads b, whose length and count have been checked.
func sidFromWire(b []byte) SID {
	s := SID{count: b[1]}
	for _, octet := range b[2:sidFixed] {
		s.authority = s.authority<<8 | uint64(octet)
	}
	for i := range int(s.count) {
		s.sub[i] = binary.LittleEndian.Uint32(b[sidFixed+4*i:])
	}
	return s
}

// appendWire appends the wire form of s to b.
func (s SID) appendWire(b []byte) []byte {
	b = append(b, sidRevision, s.count)
	for shift := 40; shift >= 0; shift -= 8 {
		b = append(b, byte(s.authority>>shift))
	}
	for _, sub := range s.sub[:s.count] {
		b = binary.LittleEndian.AppendUint32(b, sub)
	}
	return b
}
