package odj

import (
	"encoding/asn1"
	"errors"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// pfxContent is what a PKCS #12 file (RFC 7292) tells to who has no password. No key is derived and nothing decrypted,
// so a file cannot make this slow.
type pfxContent struct {
	mac        string   // what protects it from being changed, such as "HMAC-SHA256"; empty: nothing
	encryption []string // how its closed parts are encrypted, each kind once
	certs      [][]byte // X.509, of the parts that are open
	plainKeys  int      // private keys that lie open
	keys       int      // private keys with a password of their own
	closed     int      // safes that cannot be looked into
	signed     bool     // with a key rather than a password; nothing more is looked at
}

// Limits of what is looked at.
const (
	mostBags    = 256
	mostCiphers = 8
)

var errNoPFX = errors.New("it is no PKCS #12 file")

// Object identifiers of RFC 5652, RFC 7292 and RFC 8018.
const (
	oidData      = "1.2.840.113549.1.7.1"
	oidSigned    = "1.2.840.113549.1.7.2"
	oidEnveloped = "1.2.840.113549.1.7.3"
	oidEncrypted = "1.2.840.113549.1.7.6"
	oidBagKey    = "1.2.840.113549.1.12.10.1.1"
	oidBagSealed = "1.2.840.113549.1.12.10.1.2"
	oidBagCert   = "1.2.840.113549.1.12.10.1.3"
	oidX509      = "1.2.840.113549.1.9.22.1"
	oidPBES2     = "1.2.840.113549.1.5.13"
	oidPBMAC1    = "1.2.840.113549.1.5.14"
)

const (
	explicitZero  = der.Tag(0 | 0x80 | 0x20) // [0] EXPLICIT
	pkcs12Version = 3
)

// algorithmName knows those that Windows, OpenSSL and Java use for PKCS #12.
func algorithmName(oid string) string {
	switch oid {
	case "1.3.14.3.2.26":
		return "SHA1"
	case "2.16.840.1.101.3.4.2.1":
		return "SHA256"
	case "2.16.840.1.101.3.4.2.2":
		return "SHA384"
	case "2.16.840.1.101.3.4.2.3":
		return "SHA512"
	case "1.2.840.113549.1.12.1.1":
		return "RC4-128"
	case "1.2.840.113549.1.12.1.3":
		return "3DES"
	case "1.2.840.113549.1.12.1.5":
		return "RC2-128"
	case "1.2.840.113549.1.12.1.6":
		return "RC2-40"
	case "2.16.840.1.101.3.4.1.2":
		return "AES-128"
	case "2.16.840.1.101.3.4.1.22":
		return "AES-192"
	case "2.16.840.1.101.3.4.1.42":
		return "AES-256"
	}
	return oid
}

// readPFX looks into a PKCS #12 file.
func readPFX(file []byte) (pfxContent, error) {
	var p pfxContent
	var pfx, safe cryptobyte.String
	var version int64
	input := cryptobyte.String(file)
	if !input.ReadASN1(&pfx, der.SEQUENCE) || !pfx.ReadASN1Integer(&version) || version != pkcs12Version {
		return p, errNoPFX
	}
	kind, content, ok := contentInfo(&pfx)
	switch {
	case !ok:
		return p, errNoPFX
	case kind == oidSigned:
		p.signed = true
		return p, nil
	case kind != oidData || !content.ReadASN1(&safe, der.OCTET_STRING):
		return p, errNoPFX
	}
	if !pfx.Empty() {
		p.mac = macName(pfx)
	}
	var safes cryptobyte.String
	if !safe.ReadASN1(&safes, der.SEQUENCE) {
		return p, errNoPFX
	}
	for left := mostBags; !safes.Empty() && left > 0; left-- {
		if !p.readSafe(&safes, &left) {
			return p, errNoPFX
		}
	}
	return p, nil
}

func readOID(s *cryptobyte.String, text *string) bool {
	var oid asn1.ObjectIdentifier
	ok := s.ReadASN1ObjectIdentifier(&oid)
	*text = oid.String()
	return ok
}

// contentInfo reads a ContentInfo (RFC 5652).
func contentInfo(s *cryptobyte.String) (kind string, content cryptobyte.String, ok bool) {
	var info cryptobyte.String
	ok = s.ReadASN1(&info, der.SEQUENCE) && readOID(&info, &kind) &&
		info.ReadASN1(&content, explicitZero)
	return kind, content, ok
}

// readSafe reads one element of AuthenticatedSafe, and its bags when it is open.
func (p *pfxContent) readSafe(safes *cryptobyte.String, left *int) bool {
	kind, content, ok := contentInfo(safes)
	switch {
	case !ok:
		return false
	case kind == oidEncrypted:
		p.closed++
		var data, info cryptobyte.String
		var inner string
		var version int64
		if !content.ReadASN1(&data, der.SEQUENCE) || !data.ReadASN1Integer(&version) ||
			!data.ReadASN1(&info, der.SEQUENCE) || !readOID(&info, &inner) {
			return false
		}
		return p.addEncryption(&info)
	case kind != oidData:
		p.closed++
		if kind == oidEnveloped {
			p.addName("a public key")
		}
		return true
	}
	var open, bags cryptobyte.String
	if !content.ReadASN1(&open, der.OCTET_STRING) || !open.ReadASN1(&bags, der.SEQUENCE) {
		return false
	}
	for ; !bags.Empty() && *left > 0; *left-- {
		if !p.readBag(&bags) {
			return false
		}
	}
	return true
}

func (p *pfxContent) readBag(bags *cryptobyte.String) bool {
	var bag, content cryptobyte.String
	var kind string
	if !bags.ReadASN1(&bag, der.SEQUENCE) || !readOID(&bag, &kind) ||
		!bag.ReadASN1(&content, explicitZero) {
		return false
	}
	switch {
	case kind == oidBagKey:
		p.plainKeys++
	case kind == oidBagSealed:
		p.keys++
		var info cryptobyte.String
		return content.ReadASN1(&info, der.SEQUENCE) && p.addEncryption(&info)
	case kind == oidBagCert:
		return p.readCert(content)
	}
	return true
}

func (p *pfxContent) readCert(content cryptobyte.String) bool {
	var bag, explicit, cert cryptobyte.String
	var kind string
	if !content.ReadASN1(&bag, der.SEQUENCE) || !readOID(&bag, &kind) ||
		!bag.ReadASN1(&explicit, explicitZero) {
		return false
	}
	if kind == oidX509 && explicit.ReadASN1(&cert, der.OCTET_STRING) {
		p.certs = append(p.certs, cert)
	}
	return true
}

// addEncryption reads an AlgorithmIdentifier; of PBES2 it takes the cipher.
func (p *pfxContent) addEncryption(s *cryptobyte.String) bool {
	kind, params, ok := algorithm(s)
	if !ok {
		return false
	}
	if kind == oidPBES2 {
		var scheme, derivation cryptobyte.String
		if !params.ReadASN1(&scheme, der.SEQUENCE) || !scheme.ReadASN1(&derivation, der.SEQUENCE) {
			return false
		}
		if kind, _, ok = algorithm(&scheme); !ok {
			return false
		}
	}
	p.addName(algorithmName(kind))
	return true
}

func (p *pfxContent) addName(name string) {
	if len(p.encryption) < mostCiphers && !slices.Contains(p.encryption, name) {
		p.encryption = append(p.encryption, clipped(name))
	}
}

// algorithm reads an AlgorithmIdentifier; the parameters stay unread.
func algorithm(s *cryptobyte.String) (kind string, params cryptobyte.String, ok bool) {
	ok = s.ReadASN1(&params, der.SEQUENCE) && readOID(&params, &kind)
	return kind, params, ok
}

// macName tells the digest of MacData.
func macName(s cryptobyte.String) string {
	var data, digest cryptobyte.String
	if !s.ReadASN1(&data, der.SEQUENCE) || !data.ReadASN1(&digest, der.SEQUENCE) {
		return "unknown"
	}
	kind, _, ok := algorithm(&digest)
	switch {
	case !ok:
		return "unknown"
	case kind == oidPBMAC1:
		return "PBMAC1"
	}
	return clipped("HMAC-" + algorithmName(kind))
}
