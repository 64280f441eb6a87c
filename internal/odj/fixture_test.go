package odj

import (
	"testing"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// The password of the fixtures. It is no secret, and long enough that finding it anywhere is no accident.
const testPassword = "Canary-Pa55word.must.never.be.shown~"

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

// webJoin is an ordinary join in a fictional domain.
func webJoin() Join {
	return Join{
		MachineName:   "WEB01",
		Password:      units(testPassword),
		DNSDomain:     "corp.example.com",
		NetBIOSDomain: "CORP",
		Forest:        "example.com",
		DomainGUID:    "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
		DomainSID:     "S-1-5-21-1111111111-2222222222-3333333333",
		Rid:           1234,
		DC: DomainController{
			Name:       "dc1.corp.example.com",
			Address:    "192.0.2.10",
			Flags:      0xE00031FD,
			Site:       "Headquarters",
			ClientSite: "Branch",
		},
	}
}

// webBlob is the blob of webJoin.
func webBlob(t testing.TB) *Blob {
	t.Helper()
	b, err := Compose(webJoin())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// webTree is webJoin's structures, for tests that need a blob that Compose would not make.
func webTree(t testing.TB) *provision {
	t.Helper()
	j := webJoin()
	if err := j.complete(); err != nil {
		t.Fatal(err)
	}
	tree, err := j.tree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// collectionOf returns the parts of a tree's format 2.
func collectionOf(tree *provision) *collection { return &tree.blobs[1].pack.collection }

// joinOf returns the join of a tree, which both formats share.
func joinOf(tree *provision) *win7 { return tree.blobs[0].win7 }

// fullTree is webTree with every kind of part, two policy sources, extensions and an unknown part.
func fullTree(t testing.TB) *provision {
	t.Helper()
	tree := webTree(t)
	list := collectionOf(tree)
	list.parts = append(list.parts,
		part{partType: guidJoinProvider2, prov2: &joinProvider2{
			flags: 1, netbiosName: new("WEB01"), site: new("Branch"), primaryDomain: new("web.example.com"),
		}},
		part{partType: guidCertProvider, certs: fullCerts()},
		part{partType: guidPolicyProvider, policies: fullPolicies(), extension: []byte("more")},
		part{partType: ndr.GUID{1, 2, 3}, raw: []byte("unknown content")},
	)
	list.extension = []byte{1, 2, 3}
	return tree
}

func fullCerts() *certPart {
	return &certPart{
		pfx: []pfxStore{
			{
				template: new("Machine"), keyExportPolicy: 1, policyServerURL: new("ldap:"),
				policyServerID: new("{id}"), pfx: []byte("pfx-secret-key"),
			},
			{pfx: []byte{}},
		},
		sst: []sstStore{{location: 0x20000, name: new("Root"), sst: []byte("store")}},
	}
}

func fullPolicies() *policyPart {
	return &policyPart{lists: []policyList{
		{source: new(`\\corp\registry.pol`), rootKey: 0x80000002, elements: []policyElement{
			{keyPath: new(`Software\Policies\X`), valueName: new("V"), valueType: 4, data: []byte{1, 0, 0, 0}},
			{keyPath: new(`Software\Policies\Y`), valueName: new("W"), valueType: 1, data: []byte("odd")},
		}},
		{source: new("second"), rootKey: 0x80000002, elements: []policyElement{{valueType: 3}}},
	}}
}

// encoded writes a tree.
func encoded(t testing.TB, tree *provision) []byte {
	t.Helper()
	raw, err := ndr.Encode(tree.layout)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
