package odj

import (
	"bytes"
	"unicode"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// Parse takes a blob in any of its text forms apart and checks it. It does not keep or change data, which remains the
// caller's to wipe. Parse refuses with a [*winerr.Error]:
//
//   - 87 ERROR_INVALID_PARAMETER: data is no blob, is damaged or contradicts itself, or makes no join because the
//     domain, the machine name or the password is missing;
//   - 2719 NERR_ProvisioningBlobUnsupported: a version, format, encryption or essential part that is not known.
//
// What is only odd is in [Blob.Findings].
func Parse(data []byte) (*Blob, error) {
	raw, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	return parse(raw)
}

// parse is Parse for the blob's own bytes, which it owns from here on.
func parse(raw []byte) (*Blob, error) {
	c := &content{raw: raw}
	notes, err := ndr.Decode(raw, c.tree.layout)
	if err != nil {
		c.wipe()
		return nil, refused(err)
	}
	if err := c.check(); err != nil {
		c.wipe()
		return nil, err
	}
	if c.fingerprint, err = fingerprint(&c.tree); err != nil {
		c.wipe()
		return nil, refused(err)
	}
	c.findings = c.find(notes)
	return newBlob(c), nil
}

// content is a decoded blob. The byte slices in tree share raw's memory.
type content struct {
	raw  []byte
	tree provision

	join      *win7
	prov2     *joinProvider2
	prov3     *joinProvider3
	parts     []part
	hasWin7   bool // format 1 is there
	hasWin8   bool // format 2 is there
	leftAside []uint32

	fingerprint string
	findings    []string
}

func (c *content) check() error {
	if err := c.gather(); err != nil {
		return err
	}
	w := c.join
	switch {
	case value(w.domain) == "":
		return lacking("the blob names no domain (lpDomain is empty)")
	case value(w.machineName) == "":
		return lacking("the blob names no machine (lpMachineName is empty)")
	case len(w.password) == 0:
		return lacking("the blob holds no machine password (lpMachinePassword is empty)")
	}
	return c.checkPrintable()
}

// gather finds the join and the parts, and refuses what is there twice with different content.
func (c *content) gather() error {
	var joins []joinCopy
	for i := range c.tree.blobs {
		b := &c.tree.blobs[i]
		switch {
		case b.win7 != nil && !c.hasWin7:
			c.hasWin7 = true
			joins = append(joins, joinCopy{b.win7, b.raw})
		case b.pack != nil && !c.hasWin8:
			c.hasWin8 = true
			c.parts = b.pack.collection.parts
		case b.win7 != nil || b.pack != nil:
			return lacking("the blob holds format %d twice (pBlobs[%d])", b.format, i)
		default:
			c.leftAside = append(c.leftAside, b.format)
		}
	}
	// Formats are alternatives for different readers, so unknown ones are skipped beside the one that everybody writes.
	if !c.hasWin7 && len(c.leftAside) > 0 {
		return refused(unsupported("pBlobs holds format %d in place of format %d", c.leftAside[0], formatWin7))
	}
	if err := c.gatherParts(); err != nil {
		return err
	}
	for i := range c.parts {
		if p := &c.parts[i]; p.win7 != nil {
			joins = append(joins, joinCopy{p.win7, p.raw})
		}
	}
	if len(joins) == 0 {
		return lacking("the blob holds no join: neither format %d nor the part JOIN_PROVIDER is there", formatWin7)
	}
	c.join = joins[0].win7
	if len(joins) > 1 && !joins[0].equal(joins[1]) {
		return lacking("the blob contradicts itself: format %d and the part JOIN_PROVIDER hold different joins",
			formatWin7)
	}
	return nil
}

// gatherParts picks the parts of which there can be one only.
func (c *content) gatherParts() error {
	joins := 0
	for i := range c.parts {
		p := &c.parts[i]
		twice := false
		switch {
		case p.win7 != nil:
			joins++
			twice = joins > 1
		case p.prov2 != nil:
			twice, c.prov2 = c.prov2 != nil, p.prov2
		case p.prov3 != nil:
			twice, c.prov3 = c.prov3 != nil, p.prov3
		}
		if twice {
			return lacking("the blob holds the part %s twice (pParts[%d])", partName(p.partType), i)
		}
	}
	return nil
}

// joinCopy is one of the two places where a blob holds its join, and the bytes there.
type joinCopy struct {
	*win7
	raw []byte
}

// equal compares what two copies say; pointer numbers and padding do not count.
func (a joinCopy) equal(b joinCopy) bool {
	if bytes.Equal(a.raw, b.raw) {
		return true
	}
	textA, errA := ndr.Encode(a.layout)
	textB, errB := ndr.Encode(b.layout)
	defer clear(textA)
	defer clear(textB)
	return errA == nil && errB == nil && bytes.Equal(textA, textB)
}

// checkPrintable keeps control characters out of names that people will see in a terminal. No such name is legal.
func (c *content) checkPrintable() error {
	w := c.join
	fields := []struct {
		name string
		text *string
	}{
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
	for _, f := range fields {
		for _, char := range value(f.text) {
			if !unicode.IsPrint(char) {
				return lacking("the blob is damaged: %s holds the character %U, which no name has", f.name, char)
			}
		}
	}
	return nil
}

// value returns *s, and "" for nil.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
