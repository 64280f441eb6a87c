package odj

import "github.com/offlinejoin/offlinejoin/internal/ndr"

// joinProvider2 is OP_JOINPROV2_PART, written when the caller of NetCreateProvisioningPackage gives a site or a primary
// DNS domain (inferred).
type joinProvider2 struct {
	flags         uint32 // 1: OP_JP2_FLAG_PERSISTENTSITE
	netbiosName   *string
	site          *string
	primaryDomain *string
	reserved      uint32
	reservedText  *string
}

func (p *joinProvider2) layout(c ndr.Coder) {
	c.Uint32("dwFlags", &p.flags)
	c.String("lpNetbiosName", &p.netbiosName)
	c.String("lpSiteName", &p.site)
	c.String("lpPrimaryDNSDomain", &p.primaryDomain)
	c.Uint32("dwReserved", &p.reserved)
	c.String("lpReserved", &p.reservedText)
}

// joinProvider3 is OP_JOINPROV3_PART: which account it is.
type joinProvider3 struct {
	rid uint32
	sid *string // text form
}

func (p *joinProvider3) layout(c ndr.Coder) {
	c.Uint32("Rid", &p.rid)
	c.String("lpSid", &p.sid)
}

// joinProvider4 is OP_JOINPROV4_PART, documented since 2023 without the type of its part.
type joinProvider4 struct {
	rid  uint32
	sid  *string // text form
	guid ndr.GUID
}

func (p *joinProvider4) layout(c ndr.Coder) {
	c.Uint32("Rid", &p.rid)
	c.String("lpSid", &p.sid)
	c.GUID("ObjectGuid", &p.guid)
}
