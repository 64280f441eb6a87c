package odj

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// Finding is something unusual about a blob that does not keep a join from being staged.
type Finding struct {
	ID   string `json:"id"`   // for programs, such as "default_password"
	Text string `json:"text"` // one sentence for people
}

// findings collects what is found.
type findings []Finding

func (f *findings) add(id, format string, args ...any) {
	*f = append(*f, Finding{id, fmt.Sprintf(format, args...)})
}

// differ adds a finding when two names that should be one are not, letter case aside. Absent names do not count.
func (f *findings) differ(what, a, where, b string) {
	if a != "" && b != "" && !strings.EqualFold(a, b) {
		f.add("names_differ", "the %s is %q, but %s says %q", what, a, where, b)
	}
}

// find looks for what is unusual.
func (c *content) find(notes ndr.Notes) []Finding {
	var f findings
	c.findName(&f)
	c.findDomain(&f)
	c.findController(&f)
	c.findAccount(&f)
	c.findStructure(&f)
	c.findCertificates(&f)
	for i := range c.parts {
		c.parts[i].find(&f)
	}
	if notes.DirtyPadding > 0 {
		f.add("padding", "%d padding bytes are not zero, unlike in every blob seen", notes.DirtyPadding)
	}
	return f
}

func (c *content) findName(f *findings) {
	name := value(c.join.machineName)
	warnings, err := ValidateMachineName(name)
	if err != nil {
		f.add("machine_name_refused", "%v", err)
	}
	for _, w := range warnings {
		f.add("machine_name_unusual", "%s", w)
	}
	if isDefault(c.join.password, name) {
		f.add("default_password", "the machine password is the default one, the machine's name, "+
			"which anybody can guess; provision without /defpwd")
	}
	if p := c.prov2; p != nil {
		f.differ("machine name", name, "JOIN_PROVIDER2", value(p.netbiosName))
	}
}

func (c *content) findDomain(f *findings) {
	w := c.join
	domain, dns, netbios := value(w.domain), value(w.dnsDomain), value(w.netbiosDomain)
	if dns == "" {
		f.add("domain_name_missing", "the blob has no DNS name of the domain")
	}
	if dns != "" && !strings.Contains(strings.TrimSuffix(dns, "."), ".") {
		f.add("domain_single_label", "the DNS domain %q has one label only; machines outside its forest ask DNS for its domain "+
			"controllers only with the policy AllowSingleLabelDnsDomain (documented)", dns)
	}
	if netbios == "" {
		f.add("domain_name_missing", "the blob has no NetBIOS name of the domain")
	}
	if dns != "" && !strings.EqualFold(domain, dns) && !strings.EqualFold(domain, netbios) {
		f.add("names_differ", "the join is for domain %q, but the domain's names are %q and %q", domain, dns, netbios)
	}
	f.differ("DNS domain", dns, "the domain controller", value(w.dc.domainName))
	f.differ("forest", value(w.forest), "the domain controller", value(w.dc.forest))
	if w.domainGUID.IsZero() {
		f.add("domain_guid", "the blob has no GUID of the domain")
	} else if w.dc.domainGUID != w.domainGUID {
		f.add("domain_guid", "the domain's GUID is %v, but the domain controller says %v",
			w.domainGUID, w.dc.domainGUID)
	}
}

// Bits of DOMAIN_CONTROLLER_INFO's Flags and values of its address type (dsgetdc.h).
const (
	dcWritable    = 0x00000100 // DS_WRITABLE_FLAG
	dcNameIsDNS   = 0x20000000 // DS_DNS_CONTROLLER_FLAG
	addressIsIP   = 1          // DS_INET_ADDRESS
	addressIsName = 2          // DS_NETBIOS_ADDRESS
)

// findController looks at the forms in which the domain controller is named. Windows writes name and address with two
// backslashes in front (documented), and the flags say which kind of name it is.
func (c *content) findController(f *findings) {
	dc := &c.join.dc
	name, marked := strings.CutPrefix(value(dc.name), backslashes)
	if name == "" {
		f.add("controller_name", "the blob names no domain controller")
		return
	}
	dotted := strings.Contains(strings.TrimSuffix(name, "."), ".")
	switch isDNS := dc.flags&dcNameIsDNS != 0; {
	case !marked:
		f.add("controller_name", "the domain controller's name %q lacks the two backslashes in front", name)
	case !dotted && isDNS:
		f.add("controller_name", "the domain controller's name %q is no DNS name, but its flags say so", name)
	case !dotted:
		f.add("controller_name", "the domain controller has the NetBIOS name %q, which a network without NetBIOS "+
			"does not resolve", name)
	case dc.flags != 0 && !isDNS:
		f.add("controller_name", "the domain controller's name %q is a DNS name, but its flags do not say so", name)
	}
	if dc.flags != 0 && dc.flags&dcWritable == 0 {
		f.add("controller_read_only", "the domain controller is read-only")
	}
	findAddress(f, value(dc.address), dc.addressType)
}

func findAddress(f *findings, text string, kind uint32) {
	address, marked := strings.CutPrefix(text, backslashes)
	_, err := netip.ParseAddr(address)
	switch {
	case address == "":
		f.add("controller_address", "the blob has no address of the domain controller")
	case !marked:
		f.add("controller_address", "the domain controller's address %q lacks the two backslashes in front", address)
	case kind == addressIsName:
		f.add("controller_address", "the domain controller's address %q is a NetBIOS name", address)
	case kind != addressIsIP:
		f.add("controller_address", "the domain controller's address has the unknown type %d", kind)
	case err != nil:
		f.add("controller_address", "the domain controller's address %q is no IP address, but its type says so",
			address)
	}
}

func (c *content) findAccount(f *findings) {
	domain := c.join.domainSID
	if domain == nil {
		f.add("domain_sid", "the blob has no SID of the domain")
	}
	p := c.prov3
	if p == nil {
		f.add("account_sid", "the part JOIN_PROVIDER3 with the account's SID is missing")
		return
	}
	account, err := ndr.ParseSID(value(p.sid))
	if err != nil {
		f.add("account_sid", "the account's SID in JOIN_PROVIDER3 cannot be read")
		return
	}
	if domain == nil {
		return
	}
	if expected, ok := domain.Child(p.rid); !ok || account != expected {
		f.add("account_sid", "the account's SID %v is not the domain's SID %v with the account's number %d",
			account, domain, p.rid)
	}
}

func (c *content) findStructure(f *findings) {
	if !c.hasWin7 {
		f.add("format_missing", "format %d (Windows 7) is missing, unlike in every blob seen", formatWin7)
	}
	if !c.hasWin8 {
		f.add("format_missing", "format %d (Windows 8) is missing; Samba and Windows Server 2019 write it", formatWin8)
	}
	for _, format := range c.leftAside {
		f.add("format_unknown", "format %d is not known and was skipped", format)
	}
	for i := range c.tree.blobs {
		if p := c.tree.blobs[i].pack; p != nil && p.unusual() {
			f.add("reserved", "the package has an encryption context, a decrypted size or an extension, "+
				"which no program seen writes")
		}
	}
	join := false
	for i := range c.parts {
		join = join || c.parts[i].win7 != nil
	}
	if c.hasWin8 && !join {
		f.add("part_missing", "the part JOIN_PROVIDER is missing")
	}
}

// unusual tells whether something is set that a package without encryption has no use for.
func (p *opPackage) unusual() bool {
	return len(p.encryptionContext)+len(p.extension)+len(p.collection.extension) > 0 || p.decryptedSize != 0
}

func (p *part) find(f *findings) {
	if partName(p.partType) == "" && !p.looksLike4 {
		f.add("part_unknown", "the part {%v} is not known and not essential; it is passed on as it is", p.partType)
	}
	if q := p.prov2; q != nil && (q.reserved != 0 || q.reservedText != nil) {
		f.add("reserved", "JOIN_PROVIDER2 has something in its reserved fields")
	}
	if p.extension != nil || p.certs != nil && p.certs.extension != nil ||
		p.policies != nil && p.policies.extension != nil {
		f.add("reserved", "the part {%v} has an extension, which no program seen writes", p.partType)
	}
	if p.policies == nil {
		return
	}
	for _, l := range p.policies.lists {
		if l.rootKey != rootHKLM {
			f.add("policy_root", "a policy is for the root key %#x; only HKEY_LOCAL_MACHINE is documented", l.rootKey)
		}
	}
}

func (c *content) findCertificates(f *findings) {
	if len(c.pfx) > 0 {
		f.add("private_keys", "private keys of certificates are in the blob: %d", len(c.pfx))
	}
	for i, p := range c.pfx {
		if p.OpenKeys > 0 {
			f.add("private_key_open", "certificate %d has a private key that is not encrypted", i+1)
		}
		if p.Problem != "" {
			f.add("certificate_unreadable", "certificate %d: %s", i+1, p.Problem)
		} else if p.Unread > 0 {
			f.add("certificate_unreadable", "certificate %d cannot be read", i+1)
		}
	}
	for _, s := range c.stores {
		if s.Problem != "" {
			f.add("certificate_unreadable", "the certificate store %q: %s", s.Name, s.Problem)
		} else if s.Unread > 0 {
			f.add("certificate_unreadable", "%d certificates of the store %q cannot be read", s.Unread, s.Name)
		}
		if s.Location != locationLocalMachine {
			f.add("store_location", "the certificate store %q is for the location %#x, which is not that of the local machine",
				s.Name, s.Location)
		}
	}
}
