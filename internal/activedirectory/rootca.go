package activedirectory

import (
	"context"
	"crypto/sha256"

	"github.com/go-ldap/ldap/v3"
)

// authorities is where a forest keeps the certification authorities that its machines trust ([MS-WCCE] 2.2.2.11.2 names
// the container beside it; documented: "Certification Authorities container").
const authorities = "CN=Certification Authorities,CN=Public Key Services,CN=Services,"

// The bounds of what is read of them.
const (
	mostAuthorities      = 256
	mostCertificateBytes = 16 << 10
)

// RootCAs returns the certificates of the certification authorities that the forest's machines trust, in DER form, each
// once, in the directory's order; none when the forest has none. They are what Windows puts into a blob for /rootcacerts
// (inferred). Every user of the domain may read them.
func (s *Session) RootCAs(ctx context.Context, d Domain) ([][]byte, error) {
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: authorities + d.Configuration, Scope: ldap.ScopeSingleLevel, Filter: "(objectClass=certificationAuthority)",
		SizeLimit: mostAuthorities, Attributes: []string{"cACertificate"},
	})
	if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain(err, "the certification authorities of the forest cannot be read")
	}
	var all [][]byte
	seen := map[[sha256.Size]byte]bool{}
	for _, e := range r.Entries {
		for _, cert := range e.GetRawAttributeValues("cACertificate") {
			const sequence = 0x30 // DER; an authority without a certificate has one zero byte
			sum := sha256.Sum256(cert)
			if len(cert) < 2 || cert[0] != sequence || len(cert) > mostCertificateBytes || seen[sum] {
				continue
			}
			seen[sum] = true
			all = append(all, cert)
		}
	}
	return all, nil
}
