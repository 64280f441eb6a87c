package activedirectory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// The parts of a self-relative security descriptor ([MS-DTYP] 2.4.6) and of a SID ([MS-DTYP] 2.4.2.2).
const (
	descriptorHeader  = 20
	descriptorOwnerAt = 4
	revision          = 1 // of both
	sidHeader         = 8
	maxSubAuthorities = 15
)

// ownerOf returns the owner of a self-relative security descriptor, as text. The descriptor may be any bytes.
func ownerOf(descriptor []byte) (string, error) {
	if len(descriptor) < descriptorHeader || descriptor[0] != revision {
		return "", errors.New("it is no security descriptor")
	}
	at := uint64(binary.LittleEndian.Uint32(descriptor[descriptorOwnerAt:]))
	if at < descriptorHeader || at >= uint64(len(descriptor)) {
		return "", errors.New("the security descriptor names no owner")
	}
	return sidText(descriptor[at:])
}

// sidText returns the text form ([MS-DTYP] 2.4.2.1) of the SID that b begins with.
func sidText(b []byte) (string, error) {
	if len(b) < sidHeader || b[0] != revision || b[1] > maxSubAuthorities || len(b) < sidHeader+4*int(b[1]) {
		return "", fmt.Errorf("%d bytes are no SID", len(b))
	}
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	text := make([]byte, 0, 64)
	if authority < 1<<32 {
		text = strconv.AppendUint(append(text, "S-1-"...), authority, 10)
	} else {
		text = fmt.Appendf(text, "S-1-0x%012X", authority)
	}
	for i := range int(b[1]) {
		text = strconv.AppendUint(append(text, '-'), uint64(binary.LittleEndian.Uint32(b[sidHeader+4*i:])), 10)
	}
	return string(text), nil
}

// binaryGUID returns the usual lower-case text of a GUID in its wire form ([MS-DTYP] 2.3.4).
func binaryGUID(b []byte) (string, error) {
	if len(b) != 16 {
		return "", fmt.Errorf("%d bytes are no GUID", len(b))
	}
	le := binary.LittleEndian
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:]), nil
}
