package odj

import (
	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// provisionVersion is the only ulVersion that exists.
const provisionVersion = 1

// Formats of an ODJ_BLOB (odj.idl).
const (
	formatWin7 = 1 // ODJ_WIN7_FORMAT: an ODJ_WIN7BLOB
	formatWin8 = 2 // ODJ_WIN8_FORMAT: an OP_PACKAGE
)

// flagEssential is OPSPI_PACKAGE_PART_ESSENTIAL: who does not understand the part must not go on.
const flagEssential = 1

// Sizes in bytes of the fixed parts of array elements.
const (
	sizeBlob = 12
	sizePart = 36
)

// provision is ODJ_PROVISION_DATA.
type provision struct {
	version uint32
	blobs   []formatBlob
}

func (p *provision) layout(c ndr.Coder) {
	c.Uint32("ulVersion", &p.version)
	if p.version != provisionVersion {
		c.Fail("ulVersion", unsupported("the version is %d, but only 1 is known", p.version))
		return
	}
	ndr.Array(c, "ulcBlobs", "pBlobs", sizeBlob, &p.blobs, (*formatBlob).layout)
}

// formatBlob is ODJ_BLOB: the join in one format. Unknown formats stay in raw.
type formatBlob struct {
	format uint32
	raw    []byte
	win7   *win7
	pack   *opPackage
}

func (b *formatBlob) layout(c ndr.Coder) {
	c.Uint32("ulODJFormat", &b.format)
	c.Stream("cbBlob", "pBlob", &b.raw, b.content())
}

func (b *formatBlob) content() ndr.Layout {
	switch b.format {
	case formatWin7:
		return made(&b.win7).layout
	case formatWin8:
		return made(&b.pack).layout
	}
	return nil
}

// made returns *p, after making it if need be.
func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

// opPackage is OP_PACKAGE.
type opPackage struct {
	encryptionType    ndr.GUID
	encryptionContext []byte
	wrapped           []byte
	collection        collection
	decryptedSize     uint32
	extension         []byte
}

func (p *opPackage) layout(c ndr.Coder) {
	c.GUID("EncryptionType", &p.encryptionType)
	if !p.encryptionType.IsZero() {
		c.Fail("EncryptionType", unsupported("the package is encrypted (type %v)", p.encryptionType))
		return
	}
	c.Bytes("EncryptionContext.cbBlob", "EncryptionContext.pBlob", &p.encryptionContext)
	c.Stream("WrappedPartCollection.cbBlob", "WrappedPartCollection", &p.wrapped, p.collection.layout)
	c.Uint32("cbDecryptedPartCollection", &p.decryptedSize)
	c.Bytes("Extension.cbBlob", "Extension.pBlob", &p.extension)
}

// collection is OP_PACKAGE_PART_COLLECTION.
type collection struct {
	parts     []part
	extension []byte
}

func (l *collection) layout(c ndr.Coder) {
	ndr.Array(c, "cParts", "pParts", sizePart, &l.parts, (*part).layout)
	c.Bytes("Extension.cbBlob", "Extension.pBlob", &l.extension)
}

// part is OP_PACKAGE_PART. Of the pointers at most one is set, by partType; unknown parts stay in raw.
type part struct {
	partType  ndr.GUID
	flags     uint32
	raw       []byte
	extension []byte

	win7     *win7
	prov2    *joinProvider2
	prov3    *joinProvider3
	certs    *certPart
	policies *policyPart

	looksLike4 bool // of an unknown type, but says what joinProvider4 says
}

func (p *part) layout(c ndr.Coder) {
	c.GUID("PartType", &p.partType)
	c.Uint32("ulFlags", &p.flags)
	content := p.content()
	if content == nil && p.flags&flagEssential != 0 {
		c.Fail("PartType", unsupported("the part {%v} is not known but marked essential", p.partType))
		return
	}
	c.Stream("Part.cbBlob", "Part", &p.raw, content)
	c.Bytes("Extension.cbBlob", "Extension.pBlob", &p.extension)
}

func (p *part) content() ndr.Layout {
	switch p.partType {
	case guidJoinProvider:
		return made(&p.win7).layout
	case guidJoinProvider2:
		return made(&p.prov2).layout
	case guidJoinProvider3:
		return made(&p.prov3).layout
	case guidCertProvider:
		return made(&p.certs).layout
	case guidPolicyProvider:
		return made(&p.policies).layout
	}
	return nil
}
