package odj

import (
	"fmt"
	"sync/atomic"
	"unicode"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// Parse takes a blob in any of its text forms apart and checks it. It does not keep or change data, which remains the
// caller's to wipe. Parse refuses with a [*winerr.Error], whose text names the field:
//
//   - 87 ERROR_INVALID_PARAMETER: data is no blob, is damaged or contradicts itself, or makes no join because the
//     domain, the machine name or the password is missing;
//   - 2719 NERR_ProvisioningBlobUnsupported: a byte order, version, format, encryption or essential part that is not
//     known.
//
// What is only odd is in [Blob.Findings].
func Parse(data []byte) (*Blob, error) {
	parses.Add(1)
	raw, encoding, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	return parse(raw, encoding)
}

// parses counts the calls of Parse.
var parses atomic.Int64

// Parses returns how often this process has called Parse: tests of the front ends show by it that a blob is parsed once.
func Parses() int64 { return parses.Load() }

// parse is Parse for the blob's own bytes, which it owns from here on.
func parse(raw []byte, encoding Encoding) (*Blob, error) {
	c := &content{raw: raw, encoding: encoding}
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
	c.readCertificates()
	c.findings = c.find(notes)
	return newBlob(c), nil
}

// content is a decoded blob. The byte slices in tree share raw's memory.
type content struct {
	raw      []byte
	encoding Encoding
	tree     provision

	join      *win7
	joinPath  string // where join stands in tree
	prov2     *joinProvider2
	prov3     *joinProvider3
	prov4     *joinProvider4 // recognized by its content
	parts     []part
	hasWin7   bool // format 1 is there
	hasWin8   bool // format 2 is there
	leftAside []uint32

	fingerprint string
	stores      []StoreFacts
	pfx         []PFXFacts
	findings    []Finding
}

func (c *content) check() error {
	if err := c.gather(); err != nil {
		return err
	}
	w := c.join
	switch {
	case value(w.domain) == "":
		return lacking(c.joinPath+".lpDomain", "the blob names no domain: lpDomain is empty")
	case value(w.machineName) == "":
		return lacking(c.joinPath+".lpMachineName", "the blob names no machine: lpMachineName is empty")
	case len(w.password) == 0:
		return lacking(c.joinPath+".lpMachinePassword",
			"the blob holds no machine password: lpMachinePassword is empty")
	}
	return c.checkPrintable()
}

// gather finds the join and the parts, and refuses what is there twice with different content.
func (c *content) gather() error {
	var inPackage string // path of the parts
	for i := range c.tree.blobs {
		b := &c.tree.blobs[i]
		path := fmt.Sprintf("pBlobs[%d]", i)
		switch {
		case b.win7 != nil && !c.hasWin7:
			c.hasWin7 = true
			c.join, c.joinPath = b.win7, path+".pBlob"
		case b.pack != nil && !c.hasWin8:
			c.hasWin8 = true
			c.parts, inPackage = b.pack.collection.parts, path+".pBlob.WrappedPartCollection.pParts"
		case b.win7 != nil || b.pack != nil:
			return lacking(path+".ulODJFormat", "the blob holds format %d twice", b.format)
		default:
			c.leftAside = append(c.leftAside, b.format)
		}
	}
	// Formats are alternatives for different readers, so unknown ones are skipped beside the one that everybody writes.
	if !c.hasWin7 && len(c.leftAside) > 0 {
		return refused(&ndr.Error{Path: "pBlobs", Offset: -1, Err: unsupported(
			"it holds format %d in place of format %d", c.leftAside[0], formatWin7)})
	}
	for i := range c.parts {
		if err := c.gatherPart(&c.parts[i], fmt.Sprintf("%s[%d]", inPackage, i)); err != nil {
			return err
		}
	}
	if c.join == nil {
		return lacking("pBlobs", "the blob holds no join: neither format %d nor the part JOIN_PROVIDER is there",
			formatWin7)
	}
	c.recognize()
	return nil
}

// gatherPart picks a part of which there can be one only.
func (c *content) gatherPart(p *part, path string) error {
	twice := false
	switch {
	case p.win7 != nil:
		return c.gatherJoin(p, path)
	case p.prov2 != nil:
		twice, c.prov2 = c.prov2 != nil, p.prov2
	case p.prov3 != nil:
		twice, c.prov3 = c.prov3 != nil, p.prov3
	}
	if twice {
		return lacking(path+".PartType", "the blob holds the part %s twice", partName(p.partType))
	}
	return nil
}

// gatherJoin takes the copy of the join in JOIN_PROVIDER, which must say what format 1 says. The numbers of pointers
// and padding do not count.
func (c *content) gatherJoin(p *part, path string) error {
	for i := range c.parts {
		if first := &c.parts[i]; first == p {
			break
		} else if first.win7 != nil {
			return lacking(path+".PartType", "the blob holds the part %s twice", partName(p.partType))
		}
	}
	if c.join == nil {
		c.join, c.joinPath = p.win7, path+".Part"
		return nil
	}
	if field := c.join.difference(p.win7); field != "" {
		return lacking(path+".Part."+field,
			"the blob contradicts itself: format %d and the part JOIN_PROVIDER hold different joins", formatWin7)
	}
	return nil
}

// mostForRecognition is far more than an OP_JOINPROV4_PART needs.
const mostForRecognition = 1024

// recognize looks for OP_JOINPROV4_PART, whose type Microsoft has not published, by what it says: it must name the very
// account of JOIN_PROVIDER3 (inferred).
func (c *content) recognize() {
	for i := range c.parts {
		p := &c.parts[i]
		if c.prov3 == nil || c.prov4 != nil || partName(p.partType) != "" || len(p.raw) > mostForRecognition {
			continue
		}
		var q joinProvider4
		_, err := ndr.Decode(p.raw, q.layout)
		if err == nil && q.rid == c.prov3.rid && q.sid != nil && *q.sid == value(c.prov3.sid) && !q.guid.IsZero() {
			c.prov4, p.looksLike4 = &q, true
		}
	}
}

// checkPrintable keeps control characters out of names that people will see in a terminal. No such name is legal.
func (c *content) checkPrintable() error {
	for _, f := range c.join.texts() {
		for _, char := range value(f.text) {
			if !unicode.IsPrint(char) {
				return lacking(c.joinPath+"."+f.name,
					"the blob is damaged: %s holds the character %U, which no name has", f.name, char)
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
