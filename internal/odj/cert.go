package odj

import "github.com/offlinejoin/offlinejoin/internal/ndr"

// Sizes in bytes of the fixed parts of array elements.
const (
	sizePFXStore = 28
	sizeSSTStore = 16
)

// certPart is OP_CERT_PART: certificates for the new machine.
type certPart struct {
	pfx       []pfxStore
	sst       []sstStore
	extension []byte
}

func (p *certPart) layout(c ndr.Coder) {
	ndr.Array(c, "cPfxStores", "pPfxStores", sizePFXStore, &p.pfx, (*pfxStore).layout)
	ndr.Array(c, "cSstStores", "pSstStores", sizeSSTStore, &p.sst, (*sstStore).layout)
	c.Bytes("Extension.cbBlob", "Extension.pBlob", &p.extension)
}

// pfxStore is OP_CERT_PFX_STORE: a certificate with its private key, as PKCS #12.
type pfxStore struct {
	template          *string
	keyExportPolicy   uint32
	policyServerURL   *string
	policyServerFlags uint32
	policyServerID    *string
	pfx               []byte
}

func (s *pfxStore) layout(c ndr.Coder) {
	c.String("pTemplateName", &s.template)
	c.Uint32("ulPrivateKeyExportPolicy", &s.keyExportPolicy)
	c.String("pPolicyServerUrl", &s.policyServerURL)
	c.Uint32("ulPolicyServerUrlFlags", &s.policyServerFlags)
	c.String("pPolicyServerId", &s.policyServerID)
	c.Bytes("cbPfx", "pPfx", &s.pfx)
}

// locationLocalMachine is CERT_SYSTEM_STORE_LOCAL_MACHINE, the only StoreLocation that Microsoft documents for a blob.
const locationLocalMachine = 0x20000

// sstStore is OP_CERT_SST_STORE: a serialized store of certificates without keys.
type sstStore struct {
	location uint32
	name     *string
	sst      []byte
}

func (s *sstStore) layout(c ndr.Coder) {
	c.Uint32("StoreLocation", &s.location)
	c.String("pStoreName", &s.name)
	c.Bytes("cbSst", "pSst", &s.sst)
}
