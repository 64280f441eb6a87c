package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// certificateSections tells of what a blob brings for the machine's certificate stores.
func certificateSections(f odj.Facts, now time.Time) []section {
	var sections []section
	for _, p := range f.PFX {
		s := section{"Certificate with private key, template " + orNobody(p.Template), []fact{
			{"PKCS #12", pfx(p)},
			{"Policy server", p.PolicyServer},
			{"Problem", p.Problem},
		}}
		s.facts = append(s.facts, certificates(p.Certificates, now)...)
		sections = append(sections, s)
	}
	for _, store := range f.Stores {
		s := section{"Certificates for the store " + orNobody(store.Name), []fact{
			{"Place", store.LocationName},
			{"Also", lists(store)},
			{"Problem", store.Problem},
		}}
		s.facts = append(s.facts, certificates(store.Certificates, now)...)
		sections = append(sections, s)
	}
	return sections
}

// pfx says what a PKCS #12 file shows without its password.
func pfx(p odj.PFXFacts) string {
	say := []string{count(p.Size, "byte", "bytes")}
	if p.ClosedSafes > 0 {
		say = append(say, count(p.ClosedSafes, "part", "parts")+" closed by a password")
	}
	if p.SealedKeys > 0 {
		say = append(say, count(p.SealedKeys, "encrypted key", "encrypted keys"))
	}
	if p.OpenKeys > 0 {
		say = append(say, count(p.OpenKeys, "key that is", "keys that are")+" not encrypted")
	}
	if len(p.Encryption) > 0 {
		say = append(say, strings.Join(p.Encryption, " and "))
	}
	if p.Integrity != "" {
		say = append(say, "sealed by "+p.Integrity)
	}
	return strings.Join(say, ", ")
}

func lists(s odj.StoreFacts) string {
	var say []string
	if s.CRLs > 0 {
		say = append(say, count(s.CRLs, "revocation list", "revocation lists"))
	}
	if s.TrustLists > 0 {
		say = append(say, count(s.TrustLists, "trust list", "trust lists"))
	}
	if s.Unread > 0 {
		say = append(say, count(s.Unread, "certificate", "certificates")+" that cannot be read")
	}
	return strings.Join(say, ", ")
}

func certificates(list []odj.CertificateFacts, now time.Time) []fact {
	var facts []fact
	for _, c := range list {
		issuer := c.Issuer
		if issuer == c.Subject {
			issuer = "itself"
		}
		facts = append(facts,
			fact{"Certificate", c.Subject},
			fact{"  valid", validity(c, now)},
			fact{"  issued by", issuer},
			fact{"  thumbprint", c.Thumbprint})
	}
	return facts
}

func validity(c odj.CertificateFacts, now time.Time) string {
	days := fmt.Sprintf("%s to %s", c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	switch {
	case now.After(c.NotAfter):
		return days + ", EXPIRED"
	case now.Before(c.NotBefore):
		return days + ", NOT YET"
	}
	return days
}
