package odj

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// addVectors makes every test vector a seed.
func addVectors(f *testing.F) {
	f.Helper()
	entries, err := os.ReadDir(vectorFolder)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".md") {
			f.Add(read(f, filepath.Join(vectorFolder, name)))
		}
	}
}

// FuzzParse feeds anything to Parse. It refuses with a documented code, does not change its input, and what it accepts
// survives all text forms and can be looked at.
func FuzzParse(f *testing.F) {
	addVectors(f)
	f.Add(encoded(f, fullTree(f)))
	f.Add([]byte{0xFF, 0xFE})
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		b, err := Parse(data)
		if !bytes.Equal(data, input) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if code, ok := winerr.CodeOf(err); !ok || code != 87 && code != 2719 || b != nil {
				t.Fatalf("%v, %v", b, err)
			}
			return
		}
		for _, form := range [][]byte{b.Bytes(), b.DjoinFile(), []byte(b.AccountData())} {
			again, err := Parse(form)
			if err != nil || again.Fingerprint() != b.Fingerprint() {
				t.Fatalf("%v, %v", again, err)
			}
		}
		out, err := json.Marshal(b)
		if err != nil || !json.Valid(out) || b.String() == "" {
			t.Fatalf("%s, %v", out, err)
		}
		b.Wipe()
		if after, err := json.Marshal(b); err != nil || !bytes.Equal(after, out) {
			t.Fatalf("wiped, the facts are %s, not %s (%v)", after, out, err)
		}
	})
}

// FuzzRewrite reads a blob, writes it, and reads that: it must be the same blob, of bytes that do not change any more.
func FuzzRewrite(f *testing.F) {
	addVectors(f)
	f.Add(encoded(f, fullTree(f)))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Parse(data)
		if err != nil {
			return
		}
		written := encoded(t, &first.open().tree)
		second, err := Parse(written)
		if err != nil || second.Fingerprint() != first.Fingerprint() {
			t.Fatalf("written and read: %v, %v", second, err)
		}
		if again := encoded(t, &second.open().tree); !bytes.Equal(again, written) {
			t.Fatal("written twice, the bytes differ")
		}
		if d := first.open().join.difference(second.open().join); d != "" {
			t.Fatalf("%s differs", d)
		}
		first.Wipe()
		second.Wipe()
	})
}

// FuzzCertificates feeds anything to the readers of PKCS #12 files and of certificate stores.
func FuzzCertificates(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(certFolder, "*"))
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(read(f, file))
		f.Add(serialized(read(f, file)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newCertReader()
		p := r.pfx(&pfxStore{pfx: data})
		s := r.store(&sstStore{sst: data})
		if len(p.Certificates)+p.Unread+p.SealedKeys+p.OpenKeys+p.ClosedSafes > 2*mostBags {
			t.Fatalf("%+v", p)
		}
		for _, c := range append(p.Certificates, s.Certificates...) {
			if len([]rune(c.Subject)) > mostNameRunes+1 {
				t.Fatalf("a subject of %d bytes", len(c.Subject))
			}
		}
		if out, err := json.Marshal(s); err != nil || !json.Valid(out) {
			t.Fatal(err)
		}
	})
}

// FuzzRecognize feeds anything to the reader of the part whose type is not published.
func FuzzRecognize(f *testing.F) {
	sid := "S-1-5-21-1-2-3-4"
	seed, err := ndr.Encode((&joinProvider4{4, &sid, ndr.GUID{1}}).layout)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := content{prov3: &joinProvider3{4, &sid}, parts: []part{{partType: ndr.GUID{1}, raw: data}}}
		c.recognize()
		if c.parts[0].looksLike4 != (c.prov4 != nil) {
			t.Fatal("half recognized")
		}
	})
}
