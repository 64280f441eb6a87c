package winimage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// readSecurity reads the SECURITY hive (docs/internals/windows.md §5). A never-booted image has no Policy key: not
// joined. The content of secrets is not looked at.
func (im *Image) readSecurity(r *reader) {
	const policy = `Policy\`
	m := &im.facts.Membership
	m.DomainSID = readSID(r, policy+"PolPrDmS")
	m.Joined = m.DomainSID != ""
	m.DomainName = lsaString(r.data(policy+"PolDnDDN", ""))
	m.NetBIOSName = lsaString(r.data(policy+"PolPrDmN", ""))
	m.MachineSecret = r.has(policy + `Secrets\$MACHINE.ACC`)
	if !m.Joined { // the primary domain of such a machine is its workgroup
		m.Workgroup, m.NetBIOSName, m.DomainName = m.NetBIOSName, "", ""
	}
}

// readSID returns the SID in a key's default value. Empty data, zeros and the null SID S-1-0-0 mean none; anything
// else that is no SID is damage, because it would hide a membership.
func readSID(r *reader, key string) string {
	data := r.data(key, "")
	if len(bytes.Trim(data, "\x00")) == 0 {
		return ""
	}
	sid, ok := sidText(data)
	if !ok {
		r.fail(fmt.Errorf("%s holds no security identifier", key))
		return ""
	}
	const null = "S-1-0-0"
	if sid == null {
		return ""
	}
	return sid
}

// sidText formats a SID ([MS-DTYP] 2.4.2.2 to 2.4.2.1).
func sidText(b []byte) (string, bool) {
	const header, maxSub = 8, 15
	if len(b) < header || b[0] != 1 || b[1] == 0 || b[1] > maxSub || len(b) < header+4*int(b[1]) {
		return "", false
	}
	var authority uint64
	for _, c := range b[2:header] {
		authority = authority<<8 | uint64(c)
	}
	var s strings.Builder
	s.WriteString("S-1-" + strconv.FormatUint(authority, 10))
	for i := range int(b[1]) {
		sub := binary.LittleEndian.Uint32(b[header+4*i:])
		s.WriteString("-" + strconv.FormatUint(uint64(sub), 10))
	}
	return s.String(), true
}

// lsaString decodes the text form of the policy values (observed): length and capacity in bytes, offset of the text,
// and the text in UTF-16LE.
func lsaString(b []byte) string {
	const header = 8
	if len(b) < header {
		return ""
	}
	length, at := uint64(binary.LittleEndian.Uint16(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	if at < header || at+length > uint64(len(b)) {
		return ""
	}
	return decodeText(b[at : at+length])
}

// readSAM reads the machine SID: the last SID of the form S-1-5-21-a-b-c in the account domain's value V (observed; on
// current Windows it ends the value, on NT 4 the domain's name follows). The hive is optional, and so is the SID.
func (im *Image) readSAM(r *reader) {
	v := r.data(`SAM\Domains\Account`, "V")
	machine := []byte{1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0}
	at := bytes.LastIndex(v, machine)
	if at < 0 {
		return
	}
	im.facts.MachineSID, _ = sidText(v[at:])
}
