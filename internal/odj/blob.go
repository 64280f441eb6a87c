package odj

import (
	"encoding/base64"
	"strings"
)

// Blob is a checked provisioning blob. Make one with [Parse] or [Compose]; the zero Blob is empty. However it is
// printed, logged or marshalled, it shows no secret.
type Blob struct {
	// open returns the content. It is a function because fmt follows pointers when it calls no methods (in unexported
	// fields, for wrong verbs), but never calls functions.
	open func() *content
}

func newBlob(c *content) *Blob { return &Blob{func() *content { return c }} }

// inside returns the content; that of an empty blob when there is none.
func (b *Blob) inside() *content {
	if b == nil || b.open == nil {
		return &content{join: new(win7)}
	}
	return b.open()
}

// MachineName returns the computer's name as the blob spells it, without "$" (lpMachineName).
func (b *Blob) MachineName() string { return value(b.inside().join.machineName) }

// Domain returns the domain as the join was asked for (lpDomain); in every blob seen it is the DNS name.
func (b *Blob) Domain() string { return value(b.inside().join.domain) }

// DNSDomain returns the domain's DNS name, such as "corp.example.com".
func (b *Blob) DNSDomain() string { return value(b.inside().join.dnsDomain) }

// NetBIOSDomain returns the domain's NetBIOS name, such as "CORP".
func (b *Blob) NetBIOSDomain() string { return value(b.inside().join.netbiosDomain) }

// Forest returns the DNS name of the forest.
func (b *Blob) Forest() string { return value(b.inside().join.forest) }

// DomainGUID returns the domain's GUID in lower case without braces.
func (b *Blob) DomainGUID() string { return b.inside().join.domainGUID.String() }

// DomainSID returns the domain's SID, such as "S-1-5-21-1-2-3", and "" when the blob has none.
func (b *Blob) DomainSID() string {
	if sid := b.inside().join.domainSID; sid != nil {
		return sid.String()
	}
	return ""
}

// AccountSID returns the SID of the computer's account (JOIN_PROVIDER3), and "" when the blob does not tell.
func (b *Blob) AccountSID() string {
	if p := b.inside().prov3; p != nil {
		return value(p.sid)
	}
	return ""
}

// Rid returns the last number of the account's SID (JOIN_PROVIDER3), and 0 when the blob does not tell.
func (b *Blob) Rid() uint32 {
	if p := b.inside().prov3; p != nil {
		return p.rid
	}
	return 0
}

// AccountGUID returns the account's objectGUID in lower case without braces, and "" when the blob does not tell. Only
// the part JOIN_PROVIDER4 tells, which is recognized by its content (inferred).
func (b *Blob) AccountGUID() string {
	if p := b.inside().prov4; p != nil {
		return p.guid.String()
	}
	return ""
}

// Options returns ODJ_WIN7BLOB's Options. Microsoft documents 0; the blobs seen have the NETSETUP_PROVISION flags of
// the call that made them there (inferred).
func (b *Blob) Options() uint32 { return b.inside().join.options }

// DC returns the domain controller that made the account.
func (b *Blob) DC() DomainController {
	d := b.inside().join.dc
	return DomainController{
		Name:        strings.TrimPrefix(value(d.name), backslashes),
		Address:     strings.TrimPrefix(value(d.address), backslashes),
		AddressType: d.addressType,
		DomainGUID:  d.domainGUID.String(),
		DomainName:  value(d.domainName),
		Forest:      value(d.forest),
		Flags:       d.flags,
		Site:        value(d.site),
		ClientSite:  value(d.clientSite),
	}
}

// JoinProvider2 returns what the part of that name says, and nil when the blob has none.
func (b *Blob) JoinProvider2() *JoinProvider2 {
	p := b.inside().prov2
	if p == nil {
		return nil
	}
	return &JoinProvider2{
		Flags:            p.flags,
		NetBIOSName:      value(p.netbiosName),
		Site:             value(p.site),
		PrimaryDNSDomain: value(p.primaryDomain),
	}
}

// Fingerprint returns a digest of all that the blob says, as 64 lower-case hexadecimal digits. It is equal for every
// text form of a blob, and does not change with [Blob.Wipe].
//
// The machine password is part of the digest, so that a blob made again for the same account has another fingerprint.
// The 120 random characters that Windows and Samba choose cannot be found from it. A password that people chose can be
// guessed by somebody who knows the rest of the blob and tries; the default password, which is the machine's name,
// needs no fingerprint to be guessed. [Blob.Findings] tells when it is used.
func (b *Blob) Fingerprint() string { return b.inside().fingerprint }

// Findings returns what is unusual about the blob, one sentence each; none of it keeps a join from being staged. It
// tells no secret. [Facts] has the same with a name for programs.
func (b *Blob) Findings() []string {
	var sentences []string
	for _, f := range b.inside().findings {
		sentences = append(sentences, f.Text)
	}
	return sentences
}

// MachinePassword returns SECRET data: the machine account's password as UTF-16 units, which need not be valid UTF-16.
// The slice is the Blob's own; do not change it. After [Blob.Wipe] it is nil.
func (b *Blob) MachinePassword() []uint16 { return b.inside().join.password }

// Bytes returns SECRET data: the blob's bytes as they were read, the form that NetRequestOfflineDomainJoin takes. The
// slice is the Blob's own; do not change it. After [Blob.Wipe] it is nil.
func (b *Blob) Bytes() []byte { return b.inside().raw }

// AccountData returns SECRET data: the blob as base64 in one line, the form of an answer file's AccountData element and
// of djoin /printblob. A string cannot be wiped; ask for it as late as possible. After [Blob.Wipe] it is "".
func (b *Blob) AccountData() string { return base64.StdEncoding.EncodeToString(b.inside().raw) }

// DjoinFile returns SECRET data: the content of the file that djoin /savefile would write, UTF-16LE with byte order
// mark and final NUL. It is the caller's to wipe. After [Blob.Wipe] it is nil.
func (b *Blob) DjoinFile() []byte {
	raw := b.inside().raw
	if raw == nil {
		return nil
	}
	return djoinFile(raw)
}

// Wipe zeroes the blob's bytes and password, wherever slices of them went. What is not secret stays readable.
func (b *Blob) Wipe() { b.inside().wipe() }

func (c *content) wipe() {
	clear(c.raw)
	c.raw = nil
	for i := range c.tree.blobs {
		b := &c.tree.blobs[i]
		b.win7.wipe()
		if b.pack == nil {
			continue
		}
		for j := range b.pack.collection.parts {
			b.pack.collection.parts[j].win7.wipe()
		}
	}
}

func (w *win7) wipe() {
	if w != nil {
		clear(w.password)
		w.password = nil
	}
}
