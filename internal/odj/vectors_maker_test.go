package odj

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// maker makes vectors: of values, of structures that were changed, and of bytes that were changed.
type maker struct {
	t     *testing.T
	web   []byte // the blob of webJoin
	whole []byte // the blob with every part
	certs certFiles
}

func newMaker(t *testing.T) *maker {
	m := &maker{t: t, web: webBlob(t).Bytes(), certs: readCertFiles(t)}
	m.whole = m.compose(func(j *Join) { m.fill(j) })
	return m
}

// compose makes a blob of values.
func (m *maker) compose(change func(j *Join)) []byte {
	j := webJoin()
	change(&j)
	b, err := Compose(j)
	if err != nil {
		m.t.Fatal(err)
	}
	return b.Bytes()
}

// fill adds every part that can be composed.
func (m *maker) fill(j *Join) {
	j.JoinProvider2 = &JoinProvider2{
		Flags: 1, NetBIOSName: "WEB01", Site: "Branch", PrimaryDNSDomain: "web.example.com",
	}
	j.PFX = []PFX{{
		Template: "Machine", KeyExportPolicy: 1, PolicyServer: "ldap:", PolicyServerID: "{id}", File: m.certs.pfx,
	}}
	j.Stores = []Store{{"Root", serialized(m.certs.root)}, {"CA", serialized(m.certs.root, m.certs.leaf)}}
	j.Policies = []Policy{
		{`\\corp.example.com\sysvol\Registry.pol`, []PolicyValue{
			{`Software\Policies\Example`, "Enabled", 4, []byte{1, 0, 0, 0}},
			{`Software\Policies\Example`, "Server", 1, utf16le("web.example.com\x00")},
		}},
		{"second", []PolicyValue{{`Software\Policies\Other`, "", 3, []byte{0xFF}}}},
	}
}

// tree makes a blob of webJoin's structures after change.
func (m *maker) tree(change func(p *provision)) []byte {
	tree := webTree(m.t)
	change(tree)
	return encoded(m.t, tree)
}

// byteAt makes a blob of webJoin's with one byte changed.
func (m *maker) byteAt(at int, value byte) []byte {
	b := bytes.Clone(m.web)
	if b[at] == value {
		m.t.Fatalf("byte %#x is %#x already", at, value)
	}
	b[at] = value
	return b
}

// wordAt changes a 32-bit word of data.
func (m *maker) wordAt(data []byte, at int, value uint32) []byte {
	b := bytes.Clone(data)
	if binary.LittleEndian.Uint32(b[at:]) == value {
		m.t.Fatalf("word %#x is %#x already", at, value)
	}
	binary.LittleEndian.PutUint32(b[at:], value)
	return b
}

func (m *maker) word(at int, value uint32) []byte { return m.wordAt(m.web, at, value) }

func wordOf(data []byte, at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }

// find returns where pattern stands first in data.
func (m *maker) find(data, pattern []byte) int {
	at := bytes.Index(data, pattern)
	if at < 0 {
		m.t.Fatalf("% x is not there", pattern)
	}
	return at
}

// text returns where the text of a string stands first in webJoin's blob; its three counts stand before it.
func (m *maker) text(s string) int { return m.find(m.web, utf16le(s)) }

// Places in webJoin's blob. The facts about the format show them in an example.
const (
	atTop        = 16
	atPointBlobs = 28
	atMaxBlobs   = 32
	atPointBlob  = 44
	atMaxBlob    = 60
	atJoin       = 64           // the stream of the first ODJ_WIN7BLOB
	atJoinTop    = atJoin + 16  // its top level pointer
	atNameLength = atJoin + 32  // DnsDomainInfo.Name
	atDomainMax  = atJoin + 128 // lpDomain's counts
	atDomainText = atJoin + 140 // and its text, "corp.example.com"
	atDomainPad  = atJoin + 174 // two bytes of alignment behind it
)

// pack returns where the stream of OP_PACKAGE begins, and collection that of its parts.
func (m *maker) pack() int {
	end := atJoin + int(wordOf(m.web, atSizeBlob))
	return (end+3)&^3 + 4
}

func (m *maker) collection() int { return m.pack() + 68 }

// part returns where the fixed structure of part i begins: type, flags, size, pointer, extension's size and pointer.
func (m *maker) part(i int) int { return m.collection() + 40 + i*sizePart }

// certFiles are certificates of a fictional authority. They are made once and kept, so that the vectors do not change
// when a library does.
type certFiles struct{ root, leaf, pfx []byte }

const certFolder = "testdata/certificates"

func readCertFiles(t *testing.T) certFiles {
	t.Helper()
	if _, err := os.Stat(filepath.Join(certFolder, "machine.pfx")); err != nil && *update {
		makeCertFiles(t)
	}
	return certFiles{
		root: read(t, filepath.Join(certFolder, "root.cer")),
		leaf: read(t, filepath.Join(certFolder, "machine.cer")),
		pfx:  read(t, filepath.Join(certFolder, "machine.pfx")),
	}
}

func makeCertFiles(t *testing.T) {
	t.Helper()
	day := func(year int) time.Time { return time.Date(year, 1, 2, 3, 4, 5, 0, time.UTC) }
	rootKey := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	leafKey := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize))
	root := &x509.Certificate{
		SerialNumber: big.NewInt(0x1001),
		Subject:      pkix.Name{CommonName: "Example Root CA", Organization: []string{"Example"}},
		NotBefore:    day(2020), NotAfter: day(2090), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(0x1002), Subject: pkix.Name{CommonName: "web01.corp.example.com"},
		NotBefore: day(2021), NotAfter: day(2022), DNSNames: []string{"web01.corp.example.com"},
	}
	rootDER := must1(t)(x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey))
	leafDER := must1(t)(x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey))
	cert, err := x509.ParseCertificate(leafDER)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(certFolder, "root.cer"), rootDER)
	write(t, filepath.Join(certFolder, "machine.cer"), leafDER)
	for name, encoder := range map[string]*pkcs12.Encoder{
		"machine.pfx": pkcs12.Modern2026, "old.pfx": pkcs12.LegacyRC2, "open.pfx": pkcs12.Passwordless,
	} {
		password := "pfx-password"
		if name == "open.pfx" {
			password = ""
		}
		write(t, filepath.Join(certFolder, name), must1(t)(encoder.Encode(leafKey, cert, nil, password)))
	}
}

func must1(t *testing.T) func(b []byte, err error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

// serialized makes a serialized store of certificates, with a property in front of each.
func serialized(certs ...[]byte) []byte {
	le := binary.LittleEndian
	entry := func(out []byte, id uint32, data []byte) []byte {
		out = le.AppendUint32(le.AppendUint32(le.AppendUint32(out, id), 1), uint32(len(data)))
		return append(out, data...)
	}
	out := le.AppendUint32(le.AppendUint32(nil, storeVersion), storeMagic)
	for _, cert := range certs {
		const friendlyName = 11 // CERT_FRIENDLY_NAME_PROP_ID
		out = entry(out, friendlyName, utf16le("Example\x00"))
		out = entry(out, entryCert, cert)
	}
	return append(out, make([]byte, entryHeader)...)
}
