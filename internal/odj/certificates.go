package odj

import (
	"crypto/sha1" // the thumbprint that Windows shows
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Limits of what is told of certificates. They bound what a hostile blob costs; no real one comes near them.
const (
	mostCertificates = 256     // read of one blob
	mostCertBytes    = 1 << 14 // of a certificate that is read
	mostAllCertBytes = 1 << 18 // of all that are read
	mostNameParts    = 64      // of a subject or issuer
	mostNameRunes    = 256     // of its text
)

// CertificateFacts tells of an X.509 certificate.
type CertificateFacts struct {
	Subject    string    `json:"subject"` // RFC 2253, such as "CN=Example Root CA,O=Example"
	Issuer     string    `json:"issuer"`
	Serial     string    `json:"serial"`     // hexadecimal
	NotBefore  time.Time `json:"not_before"` // UTC
	NotAfter   time.Time `json:"not_after"`  // UTC
	Thumbprint string    `json:"thumbprint"` // SHA-1 of the certificate, as Windows shows it, hexadecimal
	Authority  bool      `json:"authority"`  // it may sign others
}

// StoreFacts tells of a store of certificates without keys (OP_CERT_SST_STORE).
type StoreFacts struct {
	Name         string             `json:"name"`
	Location     uint32             `json:"location"` // 0x20000: local machine
	LocationName string             `json:"location_name,omitempty"`
	Size         int                `json:"size"` // bytes
	Certificates []CertificateFacts `json:"certificates"`
	Unread       int                `json:"unread_certificates,omitempty"` // damaged, or beyond the limit
	CRLs         int                `json:"revocation_lists,omitempty"`
	TrustLists   int                `json:"trust_lists,omitempty"`
	Problem      string             `json:"problem,omitempty"` // why the store cannot be read to its end
}

// PFXFacts tells of a certificate with its private key (OP_CERT_PFX_STORE), as far as that is possible without the
// password of the PKCS #12 file. No private key is looked at.
type PFXFacts struct {
	Template          string             `json:"template"`
	KeyExportPolicy   uint32             `json:"private_key_export_policy"`
	PolicyServer      string             `json:"policy_server,omitempty"`
	PolicyServerFlags uint32             `json:"policy_server_flags"`
	PolicyServerID    string             `json:"policy_server_id,omitempty"`
	Size              int                `json:"size"`                          // bytes of the PKCS #12 file
	Integrity         string             `json:"integrity,omitempty"`           // such as "HMAC-SHA256"
	Encryption        []string           `json:"encryption,omitempty"`          // such as "AES-256"
	Certificates      []CertificateFacts `json:"certificates"`                  // those that are not encrypted
	Unread            int                `json:"unread_certificates,omitempty"` // damaged, or beyond the limit
	ClosedSafes       int                `json:"closed_safes"`                  // encrypted as a whole
	SealedKeys        int                `json:"sealed_keys"`                   // private keys that are encrypted
	OpenKeys          int                `json:"open_keys"`                     // private keys that are not encrypted
	Problem           string             `json:"problem,omitempty"`             // why the file cannot be read
}

// readCertificates looks at the certificates before the blob is wiped.
func (c *content) readCertificates() {
	r := newCertReader()
	for i := range c.parts {
		certs := c.parts[i].certs
		if certs == nil {
			continue
		}
		for j := range certs.pfx {
			c.pfx = append(c.pfx, r.pfx(&certs.pfx[j]))
		}
		for j := range certs.sst {
			c.stores = append(c.stores, r.store(&certs.sst[j]))
		}
	}
}

// certReader reads no more certificates than are left.
type certReader struct{ left, leftBytes int }

func newCertReader() certReader { return certReader{mostCertificates, mostAllCertBytes} }

func (r *certReader) pfx(s *pfxStore) PFXFacts {
	f := PFXFacts{
		Template:          plaintext.Line(value(s.template), plaintext.Name),
		KeyExportPolicy:   s.keyExportPolicy,
		PolicyServer:      plaintext.Line(value(s.policyServerURL), plaintext.Name),
		PolicyServerFlags: s.policyServerFlags,
		PolicyServerID:    plaintext.Line(value(s.policyServerID), plaintext.Name),
		Size:              len(s.pfx),
		Certificates:      []CertificateFacts{},
	}
	p, err := readPFX(s.pfx)
	if err != nil {
		f.Problem = err.Error()
	}
	f.Integrity, f.Encryption = p.mac, p.encryption
	f.ClosedSafes, f.SealedKeys, f.OpenKeys = p.closed, p.keys, p.plainKeys
	if p.signed {
		f.Integrity = "a signature"
	}
	for _, cert := range p.certs {
		r.add(cert, &f.Certificates, &f.Unread)
	}
	return f
}

func (r *certReader) store(s *sstStore) StoreFacts {
	f := StoreFacts{
		Name:         plaintext.Line(value(s.name), plaintext.Name),
		Location:     s.location,
		LocationName: locationName(s.location),
		Size:         len(s.sst),
		Certificates: []CertificateFacts{},
	}
	err := eachEntry(s.sst, func(id uint32, data []byte) {
		switch id {
		case entryCert:
			r.add(data, &f.Certificates, &f.Unread)
		case entryCRL:
			f.CRLs++
		case entryTrustList:
			f.TrustLists++
		}
	})
	if err != nil {
		f.Problem = err.Error()
	}
	return f
}

// add reads a certificate into list, or counts it as unread.
func (r *certReader) add(cert []byte, list *[]CertificateFacts, unread *int) {
	if r.left == 0 || len(cert) > min(mostCertBytes, r.leftBytes) {
		*unread++
		return
	}
	r.left--
	r.leftBytes -= len(cert)
	x, err := x509.ParseCertificate(cert)
	if err != nil || len(x.Subject.Names) > mostNameParts || len(x.Issuer.Names) > mostNameParts {
		*unread++
		return
	}
	*list = append(*list, CertificateFacts{
		Subject:    clipped(x.Subject.String()),
		Issuer:     clipped(x.Issuer.String()),
		Serial:     clipped(fmt.Sprintf("%x", x.SerialNumber)),
		NotBefore:  x.NotBefore.UTC(),
		NotAfter:   x.NotAfter.UTC(),
		Thumbprint: fmt.Sprintf("%x", sha1.Sum(cert)),
		Authority:  x.IsCA,
	})
}

// clipped makes a name fit for a line.
func clipped(name string) string {
	name = plaintext.Line(name, plaintext.Name)
	runes := 0
	for i := range name {
		if runes++; runes > mostNameRunes {
			return strings.ToValidUTF8(name[:i], "") + "…"
		}
	}
	return name
}

// locationName returns the name of a system store's place (wincrypt.h, CERT_SYSTEM_STORE_…), and "" for an unknown one.
func locationName(location uint32) string {
	switch location {
	case locationLocalMachine:
		return "local machine"
	case 0x10000:
		return "current user"
	}
	return ""
}
