package odj

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// findings collects sentences.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// differ adds a finding when two names that should be one are not, letter case aside. Absent names do not count.
func (f *findings) differ(what, a, where, b string) {
	if a != "" && b != "" && !strings.EqualFold(a, b) {
		f.add("the %s is %q, but %s says %q", what, a, where, b)
	}
}

// find looks for what is unusual.
func (c *content) find(notes ndr.Notes) []string {
	var f findings
	c.findName(&f)
	c.findDomain(&f)
	c.findAccount(&f)
	c.findStructure(&f)
	if notes.DirtyPadding > 0 {
		f.add("%d padding bytes are not zero, unlike in every blob seen", notes.DirtyPadding)
	}
	return f
}

func (c *content) findName(f *findings) {
	name := value(c.join.machineName)
	warnings, err := ValidateMachineName(name)
	if err != nil {
		f.add("%v", err)
	}
	*f = append(*f, warnings...)
	if isDefault(c.join.password, name) {
		f.add("the machine password is the default one, the machine's name, which anybody can guess; " +
			"provision without /defpwd")
	}
	if p := c.prov2; p != nil {
		f.differ("machine name", name, "JOIN_PROVIDER2", value(p.netbiosName))
	}
}

func (c *content) findDomain(f *findings) {
	w := c.join
	domain, dns, netbios := value(w.domain), value(w.dnsDomain), value(w.netbiosDomain)
	if dns == "" {
		f.add("the blob has no DNS name of the domain")
	}
	if netbios == "" {
		f.add("the blob has no NetBIOS name of the domain")
	}
	if dns != "" && !strings.EqualFold(domain, dns) && !strings.EqualFold(domain, netbios) {
		f.add("the join is for domain %q, but the domain's names are %q and %q", domain, dns, netbios)
	}
	f.differ("DNS domain", dns, "the domain controller", value(w.dc.domainName))
	f.differ("forest", value(w.forest), "the domain controller", value(w.dc.forest))
	if w.domainGUID.IsZero() {
		f.add("the blob has no GUID of the domain")
	} else if w.dc.domainGUID != w.domainGUID {
		f.add("the domain's GUID is %v, but the domain controller says %v", w.domainGUID, w.dc.domainGUID)
	}
	if value(w.dc.name) == "" {
		f.add("the blob names no domain controller")
	}
}

func (c *content) findAccount(f *findings) {
	domain := c.join.domainSID
	if domain == nil {
		f.add("the blob has no SID of the domain")
	}
	p := c.prov3
	if p == nil {
		f.add("the part JOIN_PROVIDER3 with the account's SID is missing")
		return
	}
	account, err := ndr.ParseSID(value(p.sid))
	if err != nil {
		f.add("the account's SID in JOIN_PROVIDER3 cannot be read")
		return
	}
	if domain == nil {
		return
	}
	if expected, ok := domain.Child(p.rid); !ok || account != expected {
		f.add("the account's SID %v is not the domain's SID %v with the account's number %d", account, domain, p.rid)
	}
}

func (c *content) findStructure(f *findings) {
	if !c.hasWin7 {
		f.add("format %d (Windows 7) is missing, unlike in every blob seen", formatWin7)
	}
	if !c.hasWin8 {
		f.add("format %d (Windows 8) is missing; Samba and Windows Server 2019 write it", formatWin8)
	}
	for _, format := range c.leftAside {
		f.add("format %d is not known and was skipped", format)
	}
	join := false
	for i := range c.parts {
		p := &c.parts[i]
		join = join || p.win7 != nil
		if partName(p.partType) == "" {
			f.add("the part {%v} is not known and not essential; it is passed on as it is", p.partType)
		}
		if p.certs != nil && len(p.certs.pfx) > 0 {
			f.add("the blob holds %d certificates with private keys", len(p.certs.pfx))
		}
	}
	if c.hasWin8 && !join {
		f.add("the part JOIN_PROVIDER is missing")
	}
}
