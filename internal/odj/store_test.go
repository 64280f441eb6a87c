package odj

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// withoutProperties cuts a serialized store's properties out, by the format's description alone.
func withoutProperties(t *testing.T, store []byte) (bare []byte, certs [][]byte) {
	t.Helper()
	bare = append(bare, store[:8]...)
	for rest := store[8:]; len(rest) > 0; {
		id, size := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint32(rest[8:])
		entry := rest[:12+size]
		if id == 32 || id == 0 {
			bare = append(bare, entry...)
		}
		if id == 32 {
			certs = append(certs, entry[12:])
		}
		rest = rest[len(entry):]
	}
	return bare, certs
}

// TestSerializeStoreAgreesWithWine: what Wine's CertSaveStore wrote, without the properties, is byte for byte what we write of
// the same certificates.
func TestSerializeStoreAgreesWithWine(t *testing.T) {
	t.Parallel()
	want, certs := withoutProperties(t, read(t, filepath.Join(certFolder, "wine.sst")))
	got, err := SerializeStore(certs)
	if err != nil || len(certs) != 2 || !bytes.Equal(got, want) {
		t.Errorf("%d certificates, %v\n got %x\nwant %x", len(certs), err, got, want)
	}
}

func TestSerializedStoreIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		certs := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 300), 1, 9).Draw(t, "certificates")
		store, err := SerializeStore(certs)
		if err != nil {
			t.Fatal(err)
		}
		var back [][]byte
		err = eachEntry(store, func(id uint32, data []byte) {
			if id != entryCert {
				t.Errorf("entry %d", id)
			}
			back = append(back, data)
		})
		if err != nil || len(back) != len(certs) {
			t.Fatal(len(back), err)
		}
		for i := range certs {
			if !bytes.Equal(back[i], certs[i]) {
				t.Errorf("certificate %d differs", i)
			}
		}
	})
}

func TestSerializeStoreRefuses(t *testing.T) {
	t.Parallel()
	if store, err := SerializeStore(nil); store != nil || err != nil {
		t.Errorf("no certificates: %x, %v", store, err)
	}
	for want, certs := range map[string][][]byte{
		"certificate 1 of the store is empty": {{1}, {}},
		"more than 1048576 bytes":             {make([]byte, mostStoreBytes/2), make([]byte, mostStoreBytes/2)},
	} {
		if _, err := SerializeStore(certs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestComposeWithRootCertificates: a blob with the store of roots says so again when it is parsed.
func TestComposeWithRootCertificates(t *testing.T) {
	t.Parallel()
	root := read(t, filepath.Join(certFolder, "root.cer"))
	store, err := SerializeStore([][]byte{root})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Compose(Join{
		MachineName: "WEB01", Password: Password{'a', 'b', 'c'}, DNSDomain: "corp.example.com", NetBIOSDomain: "CORP",
		DomainGUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604", DomainSID: "S-1-5-21-1-2-3", Rid: 1107,
		DC:     DomainController{Name: "dc1.corp.example.com", Address: "192.0.2.10"},
		Stores: []Store{{RootStore, store}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f := b.Facts().Stores
	if len(f) != 1 || f[0].Name != "Root" || len(f[0].Certificates) != 1 || f[0].Problem != "" ||
		!f[0].Certificates[0].Authority || f[0].Certificates[0].Subject != "CN=Example Root CA,O=Example" {
		t.Errorf("%+v", f)
	}
}
