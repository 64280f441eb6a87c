package completion

import "encoding/binary"

// Access masks (winnt.h): KEY_ALL_ACCESS and FILE_ALL_ACCESS.
const (
	keyAllAccess  uint32 = 0x000F003F
	fileAllAccess uint32 = 0x001F01FF
)

// KeySecurity returns the security descriptor of our registry key: owner and group Administrators and SYSTEM, SYSTEM
// and Administrators full control (inherited by subkeys), nobody else, protected from inheritance. In SDDL:
// O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA). Self-relative, [MS-DTYP] 2.4.6.
func KeySecurity() []byte { return descriptor(keyAllAccess, aceContainerInherit) }

// FileSecurity returns the security descriptor of the completion program's file: O:BAG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA).
func FileSecurity() []byte { return descriptor(fileAllAccess, 0) }

const (
	aceContainerInherit byte   = 0x02
	controlDaclPresent  uint16 = 0x0004
	controlProtected    uint16 = 0x1000
	controlSelfRelative uint16 = 0x8000
)

// SIDs of SYSTEM (S-1-5-18) and Administrators (S-1-5-32-544), [MS-DTYP] 2.4.2.2.
var (
	sidSystem         = []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}
	sidAdministrators = []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
)

// descriptor lays out header (20 bytes), DACL with two allow entries, owner, group.
func descriptor(mask uint32, aceFlags byte) []byte {
	var aces []byte
	for _, sid := range [][]byte{sidSystem, sidAdministrators} {
		aces = append(aces, 0, aceFlags) // ACCESS_ALLOWED_ACE_TYPE
		aces = binary.LittleEndian.AppendUint16(aces, uint16(8+len(sid)))
		aces = binary.LittleEndian.AppendUint32(aces, mask)
		aces = append(aces, sid...)
	}
	const header = 20
	dacl := []byte{2, 0} // ACL_REVISION
	dacl = binary.LittleEndian.AppendUint16(dacl, uint16(8+len(aces)))
	dacl = binary.LittleEndian.AppendUint16(dacl, 2)
	dacl = binary.LittleEndian.AppendUint16(dacl, 0)
	dacl = append(dacl, aces...)

	owner := header + len(dacl)
	group := owner + len(sidAdministrators)
	sd := []byte{1, 0}
	sd = binary.LittleEndian.AppendUint16(sd, controlSelfRelative|controlProtected|controlDaclPresent)
	sd = binary.LittleEndian.AppendUint32(sd, uint32(owner))
	sd = binary.LittleEndian.AppendUint32(sd, uint32(group))
	sd = binary.LittleEndian.AppendUint32(sd, 0) // no SACL
	sd = binary.LittleEndian.AppendUint32(sd, header)
	sd = append(sd, dacl...)
	sd = append(sd, sidAdministrators...)
	return append(sd, sidSystem...)
}
