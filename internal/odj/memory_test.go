package odj

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"runtime"
	"testing"
	"time"
)

// hostile are inputs of about 1 MiB that are refused as late, and cost as much on the way, as an enemy can arrange.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	inputs := map[string][]byte{
		"text that is not base64": bytes.Repeat([]byte("A"), MaxSize-1),
		"zeros":                   make([]byte, MaxSize),
	}
	damage := func(name string, tree *provision) {
		raw := encoded(t, tree)
		if len(raw) > MaxSize || len(raw) < MaxSize*9/10 {
			t.Fatalf("%s has %d bytes", name, len(raw))
		}
		// A copy of the join that differs is found at the end of all reading.
		last := bytes.LastIndex(raw, utf16le("WEB01"))
		raw[last] = 'X'
		inputs[name] = raw
	}

	tree := webTree(t)
	big := make([]policyElement, 4000)
	for i := range big {
		big[i] = policyElement{new("Software\\Policies\\Key"), new("Name of a value"), 1, make([]byte, 120)}
	}
	list := collectionOf(tree)
	list.parts = append(list.parts, part{partType: guidPolicyProvider, policies: &policyPart{
		lists: []policyList{{elements: big}},
	}})
	damage("4000 policy values", tree)

	tree = webTree(t)
	list = collectionOf(tree)
	list.parts = append(list.parts, part{partType: guidPolicyProvider, policies: &policyPart{}})
	for range 14 {
		text := string(bytes.Repeat([]byte("日"), 32767))
		list.parts[2].policies.lists = append(list.parts[2].policies.lists, policyList{source: &text})
	}
	list.parts[2].policies.extension = make([]byte, 90000)
	damage("long strings", tree)

	tree = webTree(t)
	for range 4000 {
		tree.blobs = append(tree.blobs, formatBlob{format: 9, raw: make([]byte, 240)})
	}
	damage("4000 formats", tree)

	raw := encoded(t, fullTree(t))
	lying := append(raw, make([]byte, MaxSize-len(raw))...)
	binary.LittleEndian.PutUint32(lying[atObjectLength:], MaxSize-16)
	binary.LittleEndian.PutUint32(lying[atCountBlobs:], 80000)
	binary.LittleEndian.PutUint32(lying[32:], 80000)
	inputs["80000 formats announced"] = lying

	inputs["cut off, as text"] = []byte(base64.StdEncoding.EncodeToString(lying[:MaxSize/4*3-3]))
	return inputs
}

// allocated returns how many bytes f allocates. Tests that use it are not parallel, so that they measure f alone.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostileInputCostsLittle(t *testing.T) {
	const limit = 4 << 20
	for name, data := range hostile(t) {
		var err error
		used := allocated(func() { _, err = Parse(data) })
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		t.Logf("%-30s %7d bytes in, %7d allocated: %.90v", name, len(data), used, err)
		if used > limit {
			t.Errorf("%s: %d bytes allocated, more than %d", name, used, limit)
		}
	}
}

// ordinary is a blob of the size that djoin makes, with a password of 120 characters.
func ordinary(t testing.TB) *Blob {
	t.Helper()
	j := webJoin()
	j.Password = wildPassword()
	j.DC.Site, j.DC.ClientSite = "Default-First-Site-Name", "Default-First-Site-Name"
	b, err := Compose(j)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.Bytes()); n < 2000 || n > 2400 {
		t.Fatalf("the ordinary blob has %d bytes", n)
	}
	return b
}

func TestAnOrdinaryBlobCostsLittle(t *testing.T) {
	const limit = 64 << 10
	b := ordinary(t)
	for name, data := range map[string][]byte{
		"bytes": b.Bytes(), "djoin": b.DjoinFile(), "base64": []byte(b.AccountData()),
	} {
		var err error
		used := allocated(func() { _, err = Parse(data) })
		if t.Logf("%-6s %5d bytes in, %5d allocated", name, len(data), used); err != nil || used > limit {
			t.Errorf("%s: %d bytes allocated, more than %d; %v", name, used, limit, err)
		}
	}
}

// crowded are blobs of nearly 1 MiB that are accepted: full of certificates, of one giant one, and of policy.
func crowded(t testing.TB) map[string][]byte {
	t.Helper()
	root := read(t, certFolder+"/root.cer")
	blob := func(certs *certPart) []byte {
		tree := webTree(t)
		list := collectionOf(tree)
		list.parts = append(list.parts, part{partType: guidCertProvider, certs: certs})
		return encoded(t, tree)
	}
	stores := func(sst []byte) []byte {
		return blob(&certPart{sst: []sstStore{{location: locationLocalMachine, sst: sst}}})
	}
	var pfx []pfxStore
	for range 1000 {
		pfx = append(pfx, pfxStore{pfx: read(t, certFolder+"/machine.pfx")})
	}
	return map[string][]byte{
		"certificates": stores(serialized(many(root, 2300)...)),
		"long names":   stores(serialized(many(longNamed(t), 65)...)),
		"PKCS #12":     blob(&certPart{pfx: pfx}),
	}
}

// longNamed is a certificate of more than half the size that is read, all of it names.
func longNamed(t testing.TB) []byte {
	t.Helper()
	var name pkix.Name
	for range 400 {
		name.ExtraNames = append(name.ExtraNames, pkix.AttributeTypeAndValue{Type: []int{2, 5, 4, 11}, Value: "unit"})
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	x := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotAfter: time.Unix(1<<31, 0)}
	cert, err := x509.CreateCertificate(nil, x, x, key.Public(), key)
	if err != nil || len(cert) > mostCertBytes || len(cert) < mostCertBytes/2 {
		t.Fatalf("%d bytes, %v", len(cert), err)
	}
	return cert
}

func TestACrowdedBlobIsBounded(t *testing.T) {
	const limit = 16 << 20
	for name, data := range crowded(t) {
		if len(data) > MaxSize || len(data) < MaxSize*6/10 {
			t.Fatalf("%s has %d bytes", name, len(data))
		}
		var facts Facts
		used := allocated(func() { facts = parsed(t, data).Facts() })
		t.Logf("%-13s %7d bytes in, %7d allocated; %d findings", name, len(data), used, len(facts.Findings))
		if used > limit {
			t.Errorf("%s: %d bytes allocated, more than %d", name, used, limit)
		}
	}
}
