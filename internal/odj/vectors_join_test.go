package odj

import (
	"bytes"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func codeOf(n int) winerr.Code { return winerr.Code(n) }

// joinVectors are refused for an ODJ_WIN7BLOB.
func joinVectors() []vector { return slicesOf(stringVectors(), sidVectors(), noJoinVectors()) }

const inJoin = "pBlobs[0].pBlob."

// stringVectors damage strings of all three kinds.
func stringVectors() []vector {
	word := func(name, what, field string, at func(m *maker) int, value uint32) vector {
		return vector{
			file: "string-" + name + ".bin", what: what, code: 87, field: inJoin + field,
			make: func(m *maker) []byte { return m.word(at(m), value) },
		}
	}
	domain := func(offset int) func(*maker) int { return func(*maker) int { return atDomainMax + offset } }
	password := func(offset int) func(*maker) int {
		return func(m *maker) int { return m.text(testPassword) + offset }
	}
	lengths := func(*maker) int { return atNameLength }
	netbios := func(offset int) func(*maker) int { return func(m *maker) int { return m.text("CORP") + offset } }
	const counted = "DnsDomainInfo.Name"
	const anyNUL = "ndrdump ends a string at its first NUL"
	odd := map[string]string{
		"nul-inside": anyNUL, "password-nul-inside": anyNUL, "counted-nul-inside": anyNUL,
		"control":             "ndrdump does not ask what a name may hold",
		"counted-maximum-odd": "ndrdump does not ask whether lengths of UTF-16 are even",
	}
	list := []vector{
		word("offset", "the string does not start at the array's start", "lpDomain", domain(4), 1),
		word("empty-array", "no unit, so no final NUL", "lpDomain", domain(8), 0),
		word("beyond-array", "more units than the array has", "lpDomain", domain(8), 99),
		word("no-nul", "the string does not end with a NUL", "lpDomain", domain(8), 16),
		{
			file: "string-great.bin",
			what: "the greatest number of units",
			code: 87, field: inJoin + "lpDomain",
			make: func(m *maker) []byte {
				return m.wordAt(m.word(atDomainMax, 0xFFFFFFFF), atDomainMax+8, 0xFFFFFFFF)
			},
		},
		{
			file: "string-nul-inside.bin",
			what: "a NUL inside the string",
			code: 87, field: inJoin + "lpDomain",
			make: func(m *maker) []byte {
				return m.byteAt(atDomainText+8, 0)
			},
		},
		{
			file: "string-half-pair.bin",
			what: "a name that is no valid UTF-16",
			code: 87, field: inJoin + "lpDomain",
			make: func(m *maker) []byte {
				b := m.byteAt(atDomainText, 0x3D)
				b[atDomainText+1] = 0xD8
				return b
			},
		},
		{
			file: "string-control.bin",
			what: "a control character in a name",
			code: 87, field: inJoin + "lpMachineName",
			make: func(m *maker) []byte {
				return m.tree(func(p *provision) { joinOf(p).machineName = new("A\x1b[2J") })
			},
		},
		word("password-offset", "the password does not start at the array's start", "lpMachinePassword",
			password(-8), 1),
		word("password-beyond-array", "the password has more units than its array", "lpMachinePassword",
			password(-4), 99),
		{
			file: "string-password-nul-inside.bin",
			what: "a NUL inside the password",
			code: 87, field: inJoin + "lpMachinePassword",
			make: func(m *maker) []byte {
				return m.byteAt(m.text(testPassword)+4, 0)
			},
		},
		word("counted-odd", "a length in bytes that is odd", counted, lengths, 0x000A0007),
		word("counted-maximum-odd", "a maximum length in bytes that is odd", counted, lengths, 0x000B0008),
		word("counted-beyond-maximum", "the length is greater than the maximum", counted, lengths, 0x00060008),
		word("counted-null", "a length without text", counted, func(*maker) int { return atNameLength + 4 }, 0),
		word("counted-array", "the array has another size than the maximum", counted, netbios(-12), 6),
		word("counted-offset", "the text does not start at the array's start", counted, netbios(-8), 1),
		word("counted-actual", "the text has another length than announced", counted, netbios(-4), 3),
		{
			file: "string-counted-nul-inside.bin",
			what: "a NUL inside a counted string",
			code: 87, field: inJoin + counted,
			make: func(m *maker) []byte {
				return m.byteAt(m.text("CORP")+2, 0)
			},
		},
	}
	for i := range list {
		list[i].odd = odd[strings.TrimSuffix(strings.TrimPrefix(list[i].file, "string-"), ".bin")]
	}
	return list
}

func sidVectors() []vector {
	word := func(name, what string, offset int, value uint32) vector {
		return vector{
			file: "sid-" + name + ".bin", what: what, code: 87, field: inJoin + "DnsDomainInfo.Sid",
			make: func(m *maker) []byte {
				return m.word(m.find(m.web, []byte{1, 4, 0, 0, 0, 0, 0, 5})+offset, value)
			},
		}
	}
	revision := word("revision-2", "revision 2", 0, 0x00000402)
	revision.odd = "ndrdump does not look at a SID's revision"
	return []vector{
		revision,
		word("count-differs", "the SID's own count is not that of its array", -4, 5),
		word("count-16", "16 sub authorities", -4, 16),
		word("count-great", "the greatest number of sub authorities", -4, 0xFFFFFFFF),
	}
}

// noJoinVectors can be read but make no join.
func noJoinVectors() []vector {
	tree := func(name, what, field string, change func(p *provision)) vector {
		return vector{
			file: "join-" + name + ".bin", what: what, code: 87, field: field,
			make: func(m *maker) []byte { return m.tree(change) },
			odd:  "ndrdump reads structures and does not ask what makes a join",
		}
	}
	const second = "pBlobs[1].pBlob.WrappedPartCollection.pParts[0].Part."
	differ := func(name, what, field string, change func(w *win7)) vector {
		return tree("differs-"+name, what, second+field, func(p *provision) {
			other := *joinOf(p)
			other.password = append([]uint16(nil), other.password...)
			change(&other)
			collectionOf(p).parts[0].win7 = &other
		})
	}
	list := []vector{
		tree("no-domain", "lpDomain is NULL", inJoin+"lpDomain", func(p *provision) { joinOf(p).domain = nil }),
		tree("empty-domain", "lpDomain is empty", inJoin+"lpDomain", func(p *provision) { joinOf(p).domain = new("") }),
		tree("no-machine", "lpMachineName is NULL", inJoin+"lpMachineName", func(p *provision) {
			joinOf(p).machineName = nil
		}),
		tree("no-password", "lpMachinePassword is NULL", inJoin+"lpMachinePassword", func(p *provision) {
			joinOf(p).password = nil
		}),
		tree("empty-password", "lpMachinePassword is empty", inJoin+"lpMachinePassword", func(p *provision) {
			joinOf(p).password = []uint16{}
		}),
		differ("machine", "the two copies name different machines", "lpMachineName", func(w *win7) {
			w.machineName = new("WEB02")
		}),
		differ("password", "the two copies have different passwords", "lpMachinePassword", func(w *win7) {
			w.password[0]++
		}),
		differ("site", "one copy has a site, the other has NULL", "DcInfo.DcSiteName", func(w *win7) {
			w.dc.site = nil
		}),
		differ("sid", "the two copies have different SIDs", "DnsDomainInfo.Sid", func(w *win7) { w.domainSID = nil }),
		differ("flags", "the two copies have different flags", "DcInfo.Flags", func(w *win7) { w.dc.flags++ }),
		differ("options", "the two copies have different Options", "Options", func(w *win7) { w.options++ }),
		{
			file: "join-cut.bin",
			what: "cbBlob cuts the join off, and its header agrees",
			code: 87, field: "pBlobs[0].pBlob.lpDomain",
			make: func(m *maker) []byte {
				return shortJoin(m)
			},
		},
	}
	for i := range list {
		if list[i].file == "join-no-password.bin" {
			list[i].odd = "" // ndrdump takes the pointer for padding and misses the string
		}
	}
	return list
}

// shortJoin is a blob whose only format ends behind lpDomain's counts.
func shortJoin(m *maker) []byte {
	size := atDomainMax + 16 - atJoin
	b := bytes.Clone(m.web[:atJoin+size])
	b = m.wordAt(b, atJoin+8, uint32(size-16))
	b = m.wordAt(m.wordAt(b, atSizeBlob, uint32(size)), atMaxBlob, uint32(size))
	b = m.wordAt(b, atCountBlobs, 1)
	b = m.wordAt(b, atMaxBlobs, 1)
	// The array has one element now, so what follows it moves up.
	b = append(b[:48], b[60:]...)
	b = append(b, make([]byte, -len(b)&7)...)
	return m.wordAt(b, 8, uint32(len(b)-16))
}
