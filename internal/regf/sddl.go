package regf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseSDDL makes a self-relative security descriptor ([MS-DTYP] 2.4.6) of its text form ([MS-DTYP] 2.5.1), such as
// "O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)". It knows owner, group, and access and audit lists with the plain entries A, D
// and AU; object and conditional entries are refused with ErrInvalid.
func ParseSDDL(text string) ([]byte, error) {
	p := &sddlParser{rest: text}
	d, err := p.descriptor()
	if err != nil {
		return nil, fmt.Errorf("%w: security descriptor %q: %w", ErrInvalid, text, err)
	}
	return d.bytes(), nil
}

// descriptorParts are the four parts of a security descriptor; nil parts are absent.
type descriptorParts struct {
	control      uint16
	owner, group []byte
	dacl, sacl   []byte
}

// Control bits ([MS-DTYP] 2.4.6).
const (
	controlDACLPresent   = 0x0004
	controlSACLPresent   = 0x0010
	controlSelfRelative  = 0x8000
	controlDACLProtected = 0x1000
	controlDACLAutoReq   = 0x0100
	controlDACLInherited = 0x0400
)

// bytes lays the parts out in the order that Windows uses: header, SACL, DACL, owner, group.
func (d *descriptorParts) bytes() []byte {
	const header = 20
	b := make([]byte, header)
	b[0] = 1
	le.PutUint16(b[2:], d.control|controlSelfRelative)
	for _, part := range []struct {
		at   int
		data []byte
	}{{12, d.sacl}, {16, d.dacl}, {4, d.owner}, {8, d.group}} {
		if part.data == nil {
			continue
		}
		le.PutUint32(b[part.at:], uint32(len(b)))
		b = append(b, part.data...)
	}
	return b
}

type sddlParser struct{ rest string }

// take removes a prefix from the input when it is there.
func (p *sddlParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *sddlParser) descriptor() (*descriptorParts, error) {
	d := &descriptorParts{}
	for p.rest != "" {
		var err error
		switch {
		case p.take("O:") && d.owner == nil:
			d.owner, err = p.sid()
		case p.take("G:") && d.group == nil:
			d.group, err = p.sid()
		case p.take("D:") && d.dacl == nil:
			var flags uint16
			d.dacl, flags, err = p.acl()
			d.control |= controlDACLPresent | flags
		case p.take("S:") && d.sacl == nil:
			var flags uint16
			d.sacl, flags, err = p.acl()
			d.control |= controlSACLPresent | flags<<1 // every SACL bit stands beside its DACL bit
		default:
			err = fmt.Errorf("what is %q?", p.rest)
		}
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// sid reads a SID at the start of the input: two letters, or S-1-….
func (p *sddlParser) sid() ([]byte, error) {
	if strings.HasPrefix(p.rest, "S-") {
		end := strings.IndexFunc(p.rest, func(r rune) bool { return r != 'S' && r != '-' && (r < '0' || r > '9') })
		// "O:S-1-5-18G:…": a part's letter ends the number, and so does the S of "S:".
		if i := strings.Index(p.rest[1:], "S"); i >= 0 && (end < 0 || i+1 < end) {
			end = i + 1
		}
		if end < 0 {
			end = len(p.rest)
		}
		text := p.rest[:end]
		p.rest = p.rest[end:]
		return parseSID(text)
	}
	if len(p.rest) < 2 {
		return nil, fmt.Errorf("a SID is missing")
	}
	name := p.rest[:2]
	p.rest = p.rest[2:]
	text, ok := sidNames[name]
	if !ok {
		return nil, fmt.Errorf("unknown SID %q: write it as S-1-…", name)
	}
	return parseSID(text)
}

// sidNames are the well-known SIDs that are the same on every machine ([MS-DTYP] 2.4.2.4, 2.5.1.1).
var sidNames = map[string]string{
	"WD": "S-1-1-0", "CO": "S-1-3-0", "CG": "S-1-3-1", "OW": "S-1-3-4", "NU": "S-1-5-2", "IU": "S-1-5-4",
	"SU": "S-1-5-6", "AN": "S-1-5-7", "PS": "S-1-5-10", "AU": "S-1-5-11", "RC": "S-1-5-12", "SY": "S-1-5-18",
	"LS": "S-1-5-19", "NS": "S-1-5-20", "BA": "S-1-5-32-544", "BU": "S-1-5-32-545", "BG": "S-1-5-32-546",
	"PU": "S-1-5-32-547", "AO": "S-1-5-32-548", "SO": "S-1-5-32-549", "PO": "S-1-5-32-550", "BO": "S-1-5-32-551",
	"RE": "S-1-5-32-552", "RU": "S-1-5-32-554", "RD": "S-1-5-32-555", "NO": "S-1-5-32-556", "AC": "S-1-15-2-1",
}

// parseSID makes the binary form of S-1-AUTHORITY-SUB…, with up to 15 sub-authorities.
func parseSID(text string) ([]byte, error) {
	parts := strings.Split(text, "-")
	const maxSubs = 15
	if len(parts) < 4 || len(parts) > 3+maxSubs || parts[0] != "S" || parts[1] != "1" {
		return nil, fmt.Errorf("bad SID %q", text)
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, fmt.Errorf("bad SID %q", text)
	}
	b := []byte{1, byte(len(parts) - 3)}
	for shift := 40; shift >= 0; shift -= 8 {
		b = append(b, byte(authority>>shift))
	}
	for _, p := range parts[3:] {
		sub, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("bad SID %q", text)
		}
		b = le.AppendUint32(b, uint32(sub))
	}
	return b, nil
}

// acl reads flags and entries; the flags are returned as the control bits of a DACL.
func (p *sddlParser) acl() (acl []byte, control uint16, err error) {
	for {
		switch {
		case p.take("P"):
			control |= controlDACLProtected
			continue
		case p.take("AR"):
			control |= controlDACLAutoReq
			continue
		case p.take("AI"):
			control |= controlDACLInherited
			continue
		}
		break
	}
	var entries []byte
	count := 0
	for ; p.take("("); count++ {
		text, rest, ok := strings.Cut(p.rest, ")")
		if !ok {
			return nil, 0, fmt.Errorf("an entry is not closed")
		}
		p.rest = rest
		entry, err := parseACE(text)
		if err != nil {
			return nil, 0, err
		}
		entries = append(entries, entry...)
	}
	const header, revision = 8, 2
	if header+len(entries) > 0xFFFF {
		return nil, 0, fmt.Errorf("the access list is too long")
	}
	acl = []byte{revision, 0}
	acl = le.AppendUint16(acl, uint16(header+len(entries)))
	acl = le.AppendUint16(acl, uint16(count))
	acl = le.AppendUint16(acl, 0)
	return append(acl, entries...), control, nil
}

var (
	aceTypes = map[string]byte{"A": 0, "D": 1, "AU": 2}
	aceFlags = map[string]byte{
		"OI": 0x01, "CI": 0x02, "NP": 0x04, "IO": 0x08, "ID": 0x10, "SA": 0x40, "FA": 0x80,
	}
	aceRights = map[string]uint32{
		"GA": 0x10000000, "GX": 0x20000000, "GW": 0x40000000, "GR": 0x80000000,
		"SD": 0x00010000, "RC": 0x00020000, "WD": 0x00040000, "WO": 0x00080000,
		"KA": 0x000F003F, "KR": 0x00020019, "KX": 0x00020019, "KW": 0x00020006,
		"FA": 0x001F01FF, "FR": 0x00120089, "FW": 0x00120116, "FX": 0x001200A0,
	}
)

// parseACE reads one entry: type;flags;rights;;;SID.
func parseACE(text string) ([]byte, error) {
	f := strings.Split(text, ";")
	if len(f) != 6 || f[3] != "" || f[4] != "" {
		return nil, fmt.Errorf("entry %q: only plain entries of six fields are known", text)
	}
	kind, ok := aceTypes[f[0]]
	if !ok {
		return nil, fmt.Errorf("entry %q: unknown type %q", text, f[0])
	}
	var flags byte
	for pair := range slices.Chunk([]byte(f[1]), 2) {
		bit, ok := aceFlags[string(pair)]
		if !ok {
			return nil, fmt.Errorf("entry %q: unknown flag %q", text, pair)
		}
		flags |= bit
	}
	mask, err := parseRights(f[2])
	if err != nil {
		return nil, fmt.Errorf("entry %q: %w", text, err)
	}
	p := &sddlParser{rest: f[5]}
	sid, err := p.sid()
	if err != nil || p.rest != "" {
		return nil, cmpErr(err, fmt.Errorf("entry %q: bad SID", text))
	}
	b := []byte{kind, flags}
	b = le.AppendUint16(b, uint16(8+len(sid)))
	b = le.AppendUint32(b, mask)
	return append(b, sid...), nil
}

func parseRights(text string) (uint32, error) {
	if text != "" && text[0] >= '0' && text[0] <= '9' {
		n, err := strconv.ParseUint(text, 0, 32)
		if err != nil {
			return 0, fmt.Errorf("bad rights %q", text)
		}
		return uint32(n), nil
	}
	var mask uint32
	for pair := range slices.Chunk([]byte(text), 2) {
		bits, ok := aceRights[string(pair)]
		if !ok {
			return 0, fmt.Errorf("unknown right %q", pair)
		}
		mask |= bits
	}
	return mask, nil
}
