package odj

import (
	"bytes"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

const (
	inPackage = "pBlobs[1].pBlob."
	inParts   = inPackage + "WrappedPartCollection.pParts"
)

// packageVectors are refused for OP_PACKAGE or OP_PACKAGE_PART_COLLECTION.
func packageVectors() []vector {
	word := func(name, what, field string, code int, at func(m *maker) int, value uint32) vector {
		return vector{
			file: "package-" + name + ".bin", what: what, code: codeOf(code), field: inPackage + field,
			make: func(m *maker) []byte { return m.word(at(m), value) },
		}
	}
	pack := func(offset int) func(*maker) int { return func(m *maker) int { return m.pack() + offset } }
	list := func(offset int) func(*maker) int { return func(m *maker) int { return m.collection() + offset } }
	const wrapped = "WrappedPartCollection"
	const nullWithCount = "ndrdump does not compare a count with a NULL pointer"
	encrypted := word("encrypted", "an EncryptionType that is not zero", "EncryptionType", 2719, pack(20), 9)
	encrypted.odd = "ndrdump does not look at EncryptionType and reads the parts as if they were not encrypted"
	vectors := []vector{
		encrypted,
		word("context-null", "a size without an encryption context", "EncryptionContext.cbBlob", 87, pack(36), 4),
		word("null", "the pointer to the parts is NULL", wrapped, 87, pack(48), 0),
		word("size-great", "the parts' size is greater than the array", wrapped, 87, pack(44), 9999),
		word("array-differs", "the array before the parts has another count", wrapped, 87, pack(64), 8),
		word("extension-null", "a size without an extension", "Extension.cbBlob", 87, pack(56), 4),
		word("collection-version-2", "the parts' stream has version 2", wrapped, 2719, list(0), 0x00081002),
		word("collection-length", "the parts' stream is longer than its bytes", wrapped, 87, list(8), 0x10000),
		word("count-3", "3 parts are announced, the array has 2", wrapped+".pParts", 87, list(20), 3),
		word("pointer-null", "2 parts are announced, the pointer is NULL", wrapped+".cParts", 87, list(24), 0),
		{
			file: "package-count-both.bin",
			what: "4096 parts are announced, and the array agrees",
			code: 87, field: inParts,
			make: func(m *maker) []byte {
				return m.wordAt(m.word(m.collection()+20, 4096), m.collection()+36, 4096)
			},
		},
		{
			file: "package-only-part-3.bin",
			what: "no join: only the part JOIN_PROVIDER3",
			code: 87, field: "pBlobs",
			make: func(m *maker) []byte {
				return m.tree(func(p *provision) {
					p.blobs = p.blobs[1:]
					p.blobs[0].pack.collection.parts = p.blobs[0].pack.collection.parts[1:]
				})
			}, odd: "ndrdump reads structures and does not ask what makes a join",
		},
	}
	for i := range vectors {
		switch v := &vectors[i]; v.file {
		case "package-context-null.bin", "package-extension-null.bin", "package-null.bin", "package-pointer-null.bin":
			v.odd = nullWithCount
		}
	}
	return vectors
}

// partVectors are refused for a part.
func partVectors() []vector {
	return slicesOf(anyPartVectors(), contentVectors())
}

func anyPartVectors() []vector {
	word := func(name, what, field string, code, offset int, value uint32) vector {
		return vector{
			file: "part-" + name + ".bin", what: what, code: codeOf(code), field: inParts + "[1]." + field,
			make: func(m *maker) []byte { return m.word(m.part(1)+offset, value) },
		}
	}
	twice := func(i int, name string) vector {
		return vector{
			file: "part-" + name + "-twice.bin", what: name + " stands there twice", code: 87,
			field: inParts + "[2].PartType",
			make: func(m *maker) []byte {
				return m.tree(func(p *provision) {
					list := collectionOf(p)
					list.parts = append(list.parts, list.parts[i])
				})
			},
			odd: "ndrdump reads structures and does not ask what makes a join",
		}
	}
	const nullWithCount = "ndrdump does not compare a count with a NULL pointer"
	vectors := []vector{
		word("null", "the pointer to a known part is NULL", "Part", 87, 24, 0),
		word("size-great", "the part's size is greater than the array", "Part", 87, 20, 9999),
		word("extension-null", "a size without an extension", "Extension.cbBlob", 87, 28, 4),
		twice(0, "join-provider"),
		twice(1, "join-provider3"),
		{
			file: "part-unknown-essential.bin", what: "an unknown part that is essential", code: 2719,
			field: inParts + "[2].PartType",
			make: func(m *maker) []byte {
				b := m.tree(func(p *provision) { addPart(p, ndr.GUID{7, 7, 7, 7}, []byte("no stream at all")) })
				return m.wordAt(b, m.find(b, []byte{7, 7, 7, 7})+16, flagEssential)
			},
			odd: "ndrdump reads structures and does not ask whether every essential part is known",
		},
	}
	vectors[0].odd, vectors[2].odd = nullWithCount, nullWithCount
	return vectors
}

// contentVectors damage the parts that are optional, in the blob with all of them.
func contentVectors() []vector {
	damaged := func(name, what string, part int, field string, near func(m *maker) int, by int, value uint32) vector {
		return vector{
			file: "part-" + name + ".bin", what: what, code: 87,
			field: inParts + "[" + string(rune('0'+part)) + "].Part" + field,
			make:  func(m *maker) []byte { return m.wordAt(m.whole, near(m)+by, value) },
		}
	}
	in := func(text string) func(*maker) int {
		return func(m *maker) int { return m.find(m.whole, utf16le(text)) }
	}
	pfx := func(m *maker) int { return m.find(m.whole, m.certs.pfx) }
	// The streams of the parts begin with their headers, the last ones before a text of theirs.
	stream := func(text string) func(*maker) int {
		return func(m *maker) int { return bytes.LastIndex(m.whole[:in(text)(m)], []byte{1, 0x10, 8, 0}) }
	}
	certs, policies := stream("Machine\x00"), stream("second\x00")
	const prov2, cert, policy = 1, 3, 4 // places of the parts
	return []vector{
		damaged("2-string", "JOIN_PROVIDER2: a string does not start at its array's start", prov2,
			".lpPrimaryDNSDomain", in("web.example.com\x00"), -8, 1),
		{
			file: "part-3-header.bin",
			what: "JOIN_PROVIDER3: its stream has version 3",
			code: 87, field: inParts + "[1].Part",
			make: func(m *maker) []byte {
				return m.word(m.find(m.web, utf16le(webJoin().DomainSID+"-1234"))-40, 0x00081003)
			},
		},
		damaged("certificate-count", "CERT_PROVIDER: a certificate's size is not its array's", cert,
			".pPfxStores[0].pPfx", pfx, -4, 7),
		damaged("certificate-stores", "CERT_PROVIDER: 9 stores are announced, the array has 2", cert, ".pSstStores",
			certs, 28, 9),
		damaged("certificate-name", "CERT_PROVIDER: a store's name has no final NUL", cert, ".pSstStores[0].pStoreName",
			in("Root\x00"), -4, 4),
		damaged("policy-lists", "POLICY_PROVIDER: 9 sources are announced, the array has 2", policy, ".pElementLists",
			policies, 20, 9),
		damaged("policy-key", "POLICY_PROVIDER: a key's path does not start at its array's start", policy,
			".pElementLists[1].pElements[0].pKeyPath", in("Software\\Policies\\Other\x00"), -8, 1),
	}
}
