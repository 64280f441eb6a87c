package odj

import (
	"bytes"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// goodVectors are accepted, some with a finding.
func goodVectors() []vector {
	return slicesOf(composedVectors(), oddVectors(), meaninglessVectors())
}

func slicesOf(lists ...[]vector) []vector {
	var all []vector
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func composedVectors() []vector {
	whole := func(m *maker) []byte { return m.whole }
	return []vector{
		{
			file: "good-basic.bin",
			what: "both formats, parts JOIN_PROVIDER and JOIN_PROVIDER3, as Samba and Windows write",
			make: func(m *maker) []byte { return m.web },
		},
		{
			file: "good-all-parts.bin",
			what: "every documented part: site and DNS domain, certificates, policy",
			make: whole,
		},
		{file: "good-options-6.bin", what: "Options 6, as Samba writes it", make: func(m *maker) []byte {
			return m.compose(func(j *Join) { j.Options = 6 })
		}},
		{file: "good-no-sites.bin", what: "the sites are NULL", make: func(m *maker) []byte {
			return m.compose(func(j *Join) { j.DC.Site, j.DC.ClientSite = "", "" })
		}},
		{file: "good-netbios-domain.bin", what: "lpDomain is the NetBIOS name", make: func(m *maker) []byte {
			return m.compose(func(j *Join) { j.Domain = "CORP" })
		}},
		{
			file: "good-random-password.bin",
			what: "a password of random UTF-16 units, as Samba chooses",
			make: func(m *maker) []byte {
				return m.compose(func(j *Join) { j.Password = wildPassword() })
			},
		},
		{
			file: "good-half-pair-in-password.bin",
			what: "the password holds half a surrogate pair: it is any units, not text",
			make: func(m *maker) []byte {
				return m.compose(func(j *Join) { j.Password = append(units("unpaired-"), 0xD83D, '!') })
			}, odd: "ndrdump turns every string into UTF-8, which such a password has no form in; " +
				"Windows and Samba's directory take any units",
		},
		{
			file: "good-unicode-names.bin",
			what: "names with characters beyond ASCII and beyond the first plane",
			make: func(m *maker) []byte {
				return m.compose(func(j *Join) { j.DC.Site, j.DC.ClientSite = "Büro-Süd", "東京🙂" })
			},
		},
		{
			file: "good-join-provider4.bin",
			what: "an unknown part that holds an OP_JOINPROV4_PART for this account",
			make: func(m *maker) []byte {
				return m.tree(func(p *provision) { addPart(p, ndr.GUID{4, 4, 4, 4}, m.provider4("1234")) })
			},
		},
		{file: "good-format-2-first.bin", what: "format 2 stands before format 1", make: func(m *maker) []byte {
			return m.tree(func(p *provision) { p.blobs[0], p.blobs[1] = p.blobs[1], p.blobs[0] })
		}},
	}
}

// wildPassword is as Samba's: 120 units, none of them text, here the same each time.
func wildPassword() []uint16 {
	password := make([]uint16, passwordLength)
	x := uint32(12345)
	for i := range password {
		x = x*1664525 + 1013904223
		password[i] = uint16(0x2000 + x>>16%0xB000)
	}
	return password
}

// provider4 is the content of the part whose type is not published.
func (m *maker) provider4(rid string) []byte {
	sid := webJoin().DomainSID + "-" + rid
	p := joinProvider4{1234, &sid, ndr.GUID{0xAC, 0xC0, 1}}
	raw, err := ndr.Encode(p.layout)
	if err != nil {
		m.t.Fatal(err)
	}
	return raw
}

func addPart(p *provision, kind ndr.GUID, content []byte) {
	list := collectionOf(p)
	list.parts = append(list.parts, part{partType: kind, raw: content})
}

// oddVectors are accepted, and a finding says what is unusual.
func oddVectors() []vector {
	odd := func(name, what string, change func(p *provision)) vector {
		return vector{file: "odd-" + name + ".bin", what: what, make: func(m *maker) []byte { return m.tree(change) }}
	}
	controller := func(name, what string, change func(d *dcInfo)) vector {
		return odd("controller-"+name, what, func(p *provision) { change(&joinOf(p).dc) })
	}
	return []vector{
		odd("default-password", "the password is the machine's name", func(p *provision) {
			joinOf(p).password = units("web01")
		}),
		odd("machine-name-refused", "Windows refuses the machine's name", func(p *provision) {
			joinOf(p).machineName = new("A:B")
		}),
		odd("machine-name-long", "the machine's name has 16 characters", func(p *provision) {
			joinOf(p).machineName = new("SIXTEENCHARACTER")
		}),
		odd("machine-name-unusual", "the machine's name makes no DNS host name", func(p *provision) {
			joinOf(p).machineName = new("WEB_01")
		}),
		odd("domain-differs", "lpDomain is none of the domain's names", func(p *provision) {
			joinOf(p).domain = new("other.example.com")
		}),
		odd("forest-differs", "two forests", func(p *provision) { joinOf(p).forest = new("other.example.com") }),
		odd("domain-guid-differs", "two GUIDs of the domain", func(p *provision) { joinOf(p).domainGUID[15] ^= 1 }),
		odd("no-domain-guid", "the domain's GUID is zero", func(p *provision) { joinOf(p).domainGUID = ndr.GUID{} }),
		odd("no-domain-sid", "the domain's SID is NULL", func(p *provision) { joinOf(p).domainSID = nil }),
		odd("no-dns-domain", "DnsDomainName is NULL", func(p *provision) { joinOf(p).dnsDomain = nil }),
		odd("single-label", "the DNS domain has one label", func(p *provision) {
			one := new("corp")
			w := joinOf(p)
			w.dnsDomain, w.domain, w.forest, w.dc.domainName, w.dc.forest = one, one, one, one, one
		}),
		odd("account-sid-differs", "the account is not in the domain", func(p *provision) {
			collectionOf(p).parts[1].prov3.rid++
		}),
		odd("account-sid-no-sid", "JOIN_PROVIDER3's SID is no SID", func(p *provision) {
			collectionOf(p).parts[1].prov3.sid = new("nobody")
		}),
		controller("no-backslashes", "the controller's name lacks the backslashes", func(d *dcInfo) {
			d.name = new("dc1.corp.example.com")
		}),
		controller("netbios-name", "the controller's name is no DNS name, as its flags say", func(d *dcInfo) {
			d.name = new(`\\DC1`)
		}),
		controller("unflagged", "the controller's name is a DNS name, but its flags do not say so", func(d *dcInfo) {
			d.flags &^= dcNameIsDNS
		}),
		controller("read-only", "the controller is read-only", func(d *dcInfo) { d.flags &^= dcWritable }),
		controller("no-name", "the controller's name is NULL", func(d *dcInfo) { d.name = nil }),
		controller("address-no-ip", "the address is no IP address", func(d *dcInfo) { d.address = new(`\\dc1`) }),
		controller("address-netbios", "the address is a NetBIOS name", func(d *dcInfo) {
			d.address, d.addressType = new(`\\DC1`), addressIsName
		}),
		odd("format-1-only", "no format 2, so no SID of the account", func(p *provision) { p.blobs = p.blobs[:1] }),
		odd("format-2-only", "no format 1", func(p *provision) { p.blobs = p.blobs[1:] }),
		odd("part-1-missing", "no part JOIN_PROVIDER", func(p *provision) {
			collectionOf(p).parts = collectionOf(p).parts[1:]
		}),
		odd("part-3-missing", "no part JOIN_PROVIDER3", func(p *provision) {
			collectionOf(p).parts = collectionOf(p).parts[:1]
		}),
		odd("part-unknown", "an unknown part that is not essential", func(p *provision) {
			addPart(p, ndr.GUID{7, 7, 7, 7}, []byte("no stream at all"))
		}),
		odd("part-extension", "extensions of a part, of the collection and of the package", func(p *provision) {
			collectionOf(p).parts[1].extension = []byte("part")
			collectionOf(p).extension = []byte("collection")
			p.blobs[1].pack.extension = []byte("package")
		}),
		odd("reserved", "JOIN_PROVIDER2's reserved fields are set", func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, part{partType: guidJoinProvider2, prov2: &joinProvider2{
				netbiosName: new("OTHER"), reserved: 1, reservedText: new("x"),
			}})
		}),
		odd("certificates-unreadable", "no certificates, in a place nobody documents", func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, part{partType: guidCertProvider, certs: &certPart{
				pfx: []pfxStore{{pfx: []byte("no PKCS #12")}, {}},
				sst: []sstStore{{location: 0x10000, name: new("Root"), sst: []byte("no store")}},
			}})
		}),
		odd("policy-root", "a policy for another root key, with an element without names", func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, part{partType: guidPolicyProvider, policies: &policyPart{
				lists: []policyList{{rootKey: 0x80000003, elements: []policyElement{{}}}, {rootKey: rootHKLM}},
			}})
		}),
		{
			file: "odd-format-3-besides.bin", what: "an unknown format besides the known ones",
			make: func(m *maker) []byte {
				stream := m.provider4("1")
				return m.tree(func(p *provision) { p.blobs = append(p.blobs, formatBlob{format: 3, raw: stream}) })
			},
		},
		{file: "odd-key-open.bin", what: "a PKCS #12 file that is not encrypted", make: func(m *maker) []byte {
			return m.compose(func(j *Join) {
				j.PFX = []PFX{{Template: "Machine", File: read(m.t, certFolder+"/open.pfx")}}
			})
		}},
		{
			file: "odd-padding.bin",
			what: "padding that is not zero: alignment, and the end of the object",
			make: func(m *maker) []byte {
				b := bytes.Clone(m.web)
				b[atDomainPad], b[len(b)-1] = 0xAA, 0xBB
				return b
			},
		},
	}
}

// meaninglessVectors differ from good-basic.bin where NDR gives no meaning; all have its fingerprint.
func meaninglessVectors() []vector {
	return []vector{
		{
			file: "same-filler.bin",
			what: "other fillers in the headers, which are to be ignored",
			make: func(m *maker) []byte {
				return m.wordAt(m.word(4, 0x12345678), 12, 0x9ABCDEF0)
			},
		},
		{
			file: "same-referents.bin",
			what: "pointers numbered in another way, as Windows does",
			make: func(m *maker) []byte {
				b := m.word(atTop, 0x93B0CF60)
				for at := atJoin + 20; at < atJoin+32; at += 4 {
					b = m.wordAt(b, at, 0x93B0CF60+uint32(at)) // lpDomain, lpMachineName, lpMachinePassword
				}
				return b
			},
		},
		{
			file: "same-spare-room.bin",
			what: "a string's array is announced greater than the string",
			make: func(m *maker) []byte {
				return m.word(atDomainMax, 99)
			},
		},
	}
}
