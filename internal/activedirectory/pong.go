package activedirectory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// pong is a controller's answer to a netlogon ping, a NETLOGON_SAM_LOGON_RESPONSE_EX ([MS-ADTS] 6.3.1.9). Its names are
// safe to show. It came over UDP, unprotected: anybody on the way may have written it.
type pong struct {
	flags                                   uint32
	domainGUID                              string
	forest, domain, host, netBIOS           string // of the domain, but host
	netBIOSComputer, user, site, clientSite string
}

// Layout and limits of a pong.
const (
	logonResponseEx   = 23 // LOGON_SAM_LOGON_RESPONSE_EX
	logonUnknownEx    = 25 // LOGON_SAM_USER_UNKNOWN_EX, the same layout
	logonPauseEx      = 24 // LOGON_SAM_PAUSE_RESPONSE_EX: netlogon is paused
	pongNames         = 24 // where the names begin
	maxPointers       = 16 // followed in one name
	maxNameBytes      = 255
	compressedPointer = 0xc0
)

// parsePong reads a pong. Names beyond those that are needed are not looked at.
func parsePong(b []byte) (pong, error) {
	var p pong
	if len(b) < pongNames {
		return p, fmt.Errorf("a netlogon answer of %d bytes is too short", len(b))
	}
	switch kind := binary.LittleEndian.Uint16(b); kind {
	case logonResponseEx, logonUnknownEx:
	case logonPauseEx:
		return p, errors.New("its netlogon service is paused")
	default:
		return p, fmt.Errorf("a netlogon answer of the kind %d is not of Active Directory", kind)
	}
	p.flags = binary.LittleEndian.Uint32(b[4:])
	p.domainGUID = guidText(b[8:24])
	at := pongNames
	for _, name := range []*string{
		&p.forest, &p.domain, &p.host, &p.netBIOS, &p.netBIOSComputer, &p.user, &p.site, &p.clientSite,
	} {
		text, next, err := compressedName(b, at)
		if err != nil {
			return pong{}, err
		}
		*name, at = plaintext.Line(text, plaintext.Name), next
	}
	return p, nil
}

// compressedName reads a name in the compression of [RFC 1035] 4.1.4, whose pointers count from the start of b, and
// returns where the next one begins. Pointers lead backwards only.
func compressedName(b []byte, at int) (name string, next int, err error) {
	bad := errors.New("a netlogon answer with a malformed name")
	var labels []string
	size, limit := 0, len(b)
	for pointers := 0; ; {
		if at >= limit {
			return "", 0, bad
		}
		n := int(b[at])
		switch {
		case n == 0:
			if pointers == 0 {
				next = at + 1
			}
			return strings.Join(labels, "."), next, nil
		case n&compressedPointer == compressedPointer:
			if at+1 >= limit {
				return "", 0, bad
			}
			target := n&^compressedPointer<<8 | int(b[at+1])
			if pointers == 0 {
				next = at + 2
			}
			if pointers++; pointers > maxPointers || target >= at {
				return "", 0, bad
			}
			at = target
		case n&compressedPointer != 0:
			return "", 0, bad
		default:
			if size += n + 1; at+1+n > limit || size > maxNameBytes {
				return "", 0, bad
			}
			labels = append(labels, string(b[at+1:at+1+n]))
			at += 1 + n
		}
	}
}

// guidText writes a GUID of 16 bytes as Windows does, in lower case and without braces.
func guidText(b []byte) string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16])
}
