package odj

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestPFXWithoutPassword reads what another implementation wrote, in the ways of today, of older Windows, and open.
func TestPFXWithoutPassword(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]PFXFacts{
		"machine.pfx": {Integrity: "PBMAC1", Encryption: []string{"AES-256"}, ClosedSafes: 1, SealedKeys: 1},
		"old.pfx":     {Integrity: "HMAC-SHA1", Encryption: []string{"RC2-40", "3DES"}, ClosedSafes: 1, SealedKeys: 1},
		"open.pfx":    {OpenKeys: 1},
	} {
		r := newCertReader()
		got := r.pfx(&pfxStore{pfx: read(t, filepath.Join(certFolder, name))})
		if got.Integrity != want.Integrity || fmt.Sprint(got.Encryption) != fmt.Sprint(want.Encryption) ||
			got.ClosedSafes != want.ClosedSafes || got.SealedKeys != want.SealedKeys || got.OpenKeys != want.OpenKeys ||
			got.Problem != "" || got.Unread != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if open := name == "open.pfx"; len(got.Certificates) > 0 != open {
			t.Errorf("%s: certificates %+v", name, got.Certificates)
		}
	}
}

// TestCertificateFactsAgree compares with openssl.
func TestCertificateFactsAgree(t *testing.T) {
	t.Parallel()
	openssl := testenv.Tool(t, "openssl")
	cert := read(t, filepath.Join(certFolder, "machine.cer"))
	r := newCertReader()
	store := r.store(&sstStore{sst: serialized(cert), location: locationLocalMachine})
	if len(store.Certificates) != 1 || store.Problem != "" || store.LocationName != "local machine" {
		t.Fatalf("%+v", store)
	}
	f := store.Certificates[0]
	out, err := exec.CommandContext(t.Context(), openssl, "x509", "-inform", "DER", "-in", filepath.Join(certFolder, "machine.cer"),
		"-noout", "-subject", "-issuer", "-serial", "-fingerprint", "-sha1", "-dates", "-nameopt", "RFC2253").Output()
	if err != nil {
		t.Fatal(err)
	}
	thumbprint := strings.ToUpper(f.Thumbprint)
	var pairs []string
	for i := 0; i < len(thumbprint); i += 2 {
		pairs = append(pairs, thumbprint[i:i+2])
	}
	for _, want := range []string{
		"subject=" + f.Subject, "issuer=" + f.Issuer, "serial=" + f.Serial, strings.Join(pairs, ":"),
		"notBefore=" + f.NotBefore.Format("Jan _2 15:04:05 2006 GMT"),
		"notAfter=" + f.NotAfter.Format("Jan _2 15:04:05 2006 GMT"),
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("openssl does not say %q but\n%s", want, out)
		}
	}
}

// TestStoreOfWine reads wine.sst, which Wine's CertSaveStore wrote of root.cer and machine.cer, with names in front.
func TestStoreOfWine(t *testing.T) {
	t.Parallel()
	r := newCertReader()
	f := r.store(&sstStore{sst: read(t, filepath.Join(certFolder, "wine.sst"))})
	var subjects []string
	for _, c := range f.Certificates {
		subjects = append(subjects, c.Subject)
	}
	slices.Sort(subjects)
	const want = "[CN=Example Root CA,O=Example CN=web01.corp.example.com]"
	if got := fmt.Sprint(subjects); got != want || f.Problem != "" || f.Unread != 0 {
		t.Errorf("%s, %+v", got, f)
	}
}

// TestDamagedStores: what can be read is told, and that something is wrong.
func TestDamagedStores(t *testing.T) {
	t.Parallel()
	cert := read(t, filepath.Join(certFolder, "root.cer"))
	good := serialized(cert)
	length := bytes.LastIndex(good, cert) - 4
	changed := func(at int, value uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], value)
		return b
	}
	notCert := changed(length-8, entryCRL)
	for name, c := range map[string]struct {
		store                []byte
		certs, unread, lists int
		problem              string
	}{
		"whole":              {good, 1, 0, 0, ""},
		"empty":              {nil, 0, 0, 0, "no serialized"},
		"other magic":        {changed(4, 0x54524544), 0, 0, 0, "no serialized"},
		"other version":      {changed(0, 1), 0, 0, 0, "no serialized"},
		"no end":             {good[:len(good)-entryHeader], 1, 0, 0, "cut off"},
		"half an end":        {good[:len(good)-1], 1, 0, 0, "cut off"},
		"certificate is cut": {good[:len(good)-entryHeader-1], 0, 0, 0, "cut off"},
		"great length":       {changed(length, 0xFFFFFFFF), 0, 0, 0, "cut off"},
		"a list":             {notCert, 0, 0, 1, ""},
		"damaged":            {serialized([]byte{0x30, 1, 2}), 0, 1, 0, ""},
		"too large":          {serialized(make([]byte, mostCertBytes+1)), 0, 1, 0, ""},
		"too many":           {serialized(many(cert, mostCertificates+3)...), mostCertificates, 3, 0, ""},
	} {
		r := newCertReader()
		f := r.store(&sstStore{sst: c.store})
		if len(f.Certificates) != c.certs || f.Unread != c.unread || f.CRLs != c.lists ||
			(c.problem == "") != (f.Problem == "") || !strings.Contains(f.Problem, c.problem) {
			t.Errorf("%s: %d certificates, %d unread, %d lists, %q", name, len(f.Certificates), f.Unread, f.CRLs, f.Problem)
		}
	}
}

func many(b []byte, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = b
	}
	return list
}

// TestEveryByteOfAPFXChanged: nothing of it ends badly, and a cut file is never whole.
func TestEveryByteOfAPFXChanged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"machine.pfx", "old.pfx", "open.pfx"} {
		good := read(t, filepath.Join(certFolder, name))
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x81
			if _, err := readPFX(bad); err != nil && err != errNoPFX {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := readPFX(good[:i]); err == nil {
				t.Errorf("%s is whole in %d of %d bytes", name, i, len(good))
			}
		}
	}
}
