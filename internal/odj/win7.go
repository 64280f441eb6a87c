package odj

import (
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// win7 is ODJ_WIN7BLOB, the join itself.
type win7 struct {
	domain      *string // as the join was asked for; usually the DNS name
	machineName *string // sAMAccountName without "$"
	password    []uint16

	// ODJ_POLICY_DNS_DOMAIN_INFO
	netbiosDomain *string
	dnsDomain     *string
	forest        *string
	domainGUID    ndr.GUID
	domainSID     *ndr.SID

	dc      dcInfo
	options uint32 // documented as 0; Windows and Samba write 4 and 6 (observed)
}

func (w *win7) layout(c ndr.Coder) {
	c.String("lpDomain", &w.domain)
	c.String("lpMachineName", &w.machineName)
	c.Secret("lpMachinePassword", &w.password)
	c.Embed("DnsDomainInfo", w.domainInfo)
	c.Embed("DcInfo", w.dc.layout)
	c.Uint32("Options", &w.options)
}

func (w *win7) domainInfo(c ndr.Coder) {
	c.UnicodeString("Name", &w.netbiosDomain)
	c.UnicodeString("DnsDomainName", &w.dnsDomain)
	c.UnicodeString("DnsForestName", &w.forest)
	c.GUID("DomainGuid", &w.domainGUID)
	c.SID("Sid", &w.domainSID)
}

// dcInfo is DOMAIN_CONTROLLER_INFO (dsgetdc.h), the domain controller that made the account.
type dcInfo struct {
	name        *string // with two backslashes in front
	address     *string // with two backslashes in front
	addressType uint32
	domainGUID  ndr.GUID
	domainName  *string
	forest      *string
	flags       uint32
	site        *string
	clientSite  *string
}

func (d *dcInfo) layout(c ndr.Coder) {
	c.String("DomainControllerName", &d.name)
	c.String("DomainControllerAddress", &d.address)
	c.Uint32("DomainControllerAddressType", &d.addressType)
	c.GUID("DomainGuid", &d.domainGUID)
	c.String("DomainName", &d.domainName)
	c.String("DnsForestName", &d.forest)
	c.Uint32("Flags", &d.flags)
	c.String("DcSiteName", &d.site)
	c.String("ClientSiteName", &d.clientSite)
}

// namedText is a text of the join and the path of its field.
type namedText struct {
	name string
	text *string
}

// texts returns all of the join that is text, but for the password.
func (w *win7) texts() []namedText {
	return []namedText{
		{"lpDomain", w.domain},
		{"lpMachineName", w.machineName},
		{"DnsDomainInfo.Name", w.netbiosDomain},
		{"DnsDomainInfo.DnsDomainName", w.dnsDomain},
		{"DnsDomainInfo.DnsForestName", w.forest},
		{"DcInfo.DomainControllerName", w.dc.name},
		{"DcInfo.DomainControllerAddress", w.dc.address},
		{"DcInfo.DomainName", w.dc.domainName},
		{"DcInfo.DnsForestName", w.dc.forest},
		{"DcInfo.DcSiteName", w.dc.site},
		{"DcInfo.ClientSiteName", w.dc.clientSite},
	}
}

// difference returns the first field in which two joins differ, and "" when they say the same.
func (w *win7) difference(other *win7) string {
	theirs := other.texts()
	for i, mine := range w.texts() {
		if !same(mine.text, theirs[i].text) {
			return mine.name
		}
	}
	switch {
	case (w.password == nil) != (other.password == nil) || !slices.Equal(w.password, other.password):
		return "lpMachinePassword"
	case w.domainGUID != other.domainGUID:
		return "DnsDomainInfo.DomainGuid"
	case !same(w.domainSID, other.domainSID):
		return "DnsDomainInfo.Sid"
	case w.dc.addressType != other.dc.addressType:
		return "DcInfo.DomainControllerAddressType"
	case w.dc.domainGUID != other.dc.domainGUID:
		return "DcInfo.DomainGuid"
	case w.dc.flags != other.dc.flags:
		return "DcInfo.Flags"
	case w.options != other.options:
		return "Options"
	}
	return ""
}

// same compares what two pointers point to; NULL is the same as NULL only.
func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
