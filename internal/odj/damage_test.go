package odj

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Offsets in a blob with two formats: the header, ODJ_PROVISION_DATA and the first ODJ_BLOB.
const (
	atObjectLength = 8
	atVersion      = 20
	atCountBlobs   = 24
	atFormat       = 36
	atSizeBlob     = 40
)

// verdict checks that err is a typed refusal with code and text.
func verdict(t *testing.T, err error, code winerr.Code, text string) {
	t.Helper()
	e, is := errors.AsType[*winerr.Error](err)
	switch {
	case !is:
		t.Errorf("got %v, want %v %q", err, code, text)
	case e.Code != code || !strings.Contains(e.Message, text):
		t.Errorf("got %v, want %v %q", err, code, text)
	}
	if err != nil {
		showsNoSecret(t, "the error", err.Error())
	}
}

func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	good := webBlob(t).Bytes()
	changed := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		code winerr.Code
		text string
	}{
		{"header version 2", changed(0, 2), 2719, "version 2"},
		{"header big endian", changed(1, 0), 2719, "big endian"},
		{"object length", changed(atObjectLength, good[atObjectLength]^8), 87, "offset 0x0"},
		{"ulVersion 2", changed(atVersion, 2), 2719, "ulVersion at offset 0x18: the version is 2"},
		{"cbBlob", changed(atSizeBlob, good[atSizeBlob]^1), 87, "pBlobs[0].pBlob at offset"},
		{"format 3 in place of 1", changed(atFormat, 3), 2719, "format 3 in place of format 1"},
		{"format 2 in place of 1", changed(atFormat, 2), 2719, "pBlobs[0].pBlob.EncryptionType at offset"},
		{"half of it", good[:len(good)/2], 87, "cut off"},
		{"8 bytes missing", good[:len(good)-8], 87, "cut off"},
		{"8 bytes more", append(bytes.Clone(good), make([]byte, 8)...), 87, "8 bytes follow"},
		{"1 byte more", append(bytes.Clone(good), 0), 87, "1 bytes follow"},
		{"255 formats", changed(atCountBlobs, 0xFF), 87, "255 elements are announced, but the array has 2"},
		{"empty", nil, 87, "empty"},
		{"one byte", []byte{1}, 87, "16 bytes of header"},
		{"header only", good[:16], 87, "cut off"},
		{"too large", make([]byte, MaxSize+1), 87, "larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(c.data)
			verdict(t, err, c.code, c.text)
			if len(c.data) == 0 {
				return
			}
			// The same through text.
			_, err = Parse([]byte(base64.StdEncoding.EncodeToString(c.data)))
			if code, _ := winerr.CodeOf(err); code != c.code {
				t.Errorf("as text: %v", err)
			}
		})
	}
}

// TestEveryByteChanged changes every byte of a blob in turn: Parse never panics, and what it accepts either says the
// same (it was a pointer's number, a filler, padding, spare room) or has another fingerprint.
func TestEveryByteChanged(t *testing.T) {
	t.Parallel()
	good := encoded(t, fullTree(t))
	want, found := parsed(t, good).Fingerprint(), len(parsed(t, good).Findings())
	refused, same := 0, 0
	for i := range good {
		for _, flip := range []byte{0x01, 0x80} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			b, err := Parse(bad)
			if err != nil {
				if code, ok := winerr.CodeOf(err); !ok || code != 87 && code != 2719 {
					t.Errorf("byte %#x: %v", i, err)
				}
				refused++
				continue
			}
			if b.Fingerprint() != want {
				continue
			}
			same++
			if !meaningless(good, i) && len(b.Findings()) == found {
				t.Errorf("byte %#x changed to %#x without notice", i, bad[i])
			}
		}
	}
	if refused == 0 || same == 0 {
		t.Errorf("%d refused, %d the same", refused, same)
	}
}

// meaningless tells whether byte i of a blob of ours belongs to a pointer, to a header's filler, or to the max_count of
// a string, which may be greater than the string. (Padding that is not zero makes a finding.)
func meaningless(good []byte, i int) bool {
	word := func(n int) uint32 {
		if at := i&^3 + 4*n; at >= 0 && at+4 <= len(good) {
			return binary.LittleEndian.Uint32(good[at:])
		}
		return 0
	}
	const filler = 0xCCCCCCCC
	pointer := word(0) >= 0x00020000 && word(0) < 0x00020100
	maxCount := word(1) == 0 && word(0) == word(2)
	return pointer || word(0) == filler || word(-2) == filler || maxCount
}

// TestVariants are blobs with changed content: what makes a join is accepted with a finding, what makes none is
// refused.
func TestVariants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(tree *provision)
		code    winerr.Code // 0: accepted
		text    string      // of the error, or of the only finding
		nothing bool        // accepted without finding
	}{
		{name: "unchanged", change: func(*provision) {}, nothing: true},
		{name: "one character of the password", nothing: true, change: func(p *provision) {
			joinOf(p).password[3] ^= 1
		}},
		{name: "password empty", code: 87, text: "no machine password", change: func(p *provision) {
			joinOf(p).password = []uint16{}
		}},
		{name: "password NULL", code: 87, text: "no machine password", change: func(p *provision) {
			joinOf(p).password = nil
		}},
		{name: "machine name NULL", code: 87, text: "lpMachineName is empty", change: func(p *provision) {
			joinOf(p).machineName = nil
		}},
		{name: "domain empty", code: 87, text: "lpDomain is empty", change: func(p *provision) {
			joinOf(p).domain = new("")
		}},
		{name: "other machine name", nothing: true, change: func(p *provision) {
			joinOf(p).machineName = new("SOMEBODY")
		}},
		{name: "illegal machine name", text: "2724 NERR_InvalidMachineNameForJoin", change: func(p *provision) {
			joinOf(p).machineName = new("A:B")
		}},
		{name: "unusual machine name", text: "DNS host name", change: func(p *provision) {
			joinOf(p).machineName = new("WEB_01")
		}},
		{name: "control character in a name", code: 87, text: "U+001B", change: func(p *provision) {
			joinOf(p).machineName = new("A\x1b[2J")
		}},
		{name: "default password", text: "default one", change: func(p *provision) {
			joinOf(p).password = units("web01")
		}},
		{name: "domain GUID", text: "GUID", change: func(p *provision) {
			joinOf(p).domainGUID[15] ^= 1
		}},
		{name: "no domain GUID", text: "no GUID", change: func(p *provision) {
			joinOf(p).domainGUID = ndr.GUID{}
		}},
		{name: "domain SID", text: "is not the domain's SID", change: func(p *provision) {
			*joinOf(p).domainSID, _ = ndr.ParseSID("S-1-5-21-1-2-3")
		}},
		{name: "no domain SID", text: "no SID", change: func(p *provision) {
			joinOf(p).domainSID = nil
		}},
		{name: "account SID", text: "is not the domain's SID", change: func(p *provision) {
			collectionOf(p).parts[1].prov3.rid++
		}},
		{name: "account SID unreadable", text: "cannot be read", change: func(p *provision) {
			collectionOf(p).parts[1].prov3.sid = new("no SID")
		}},
		{name: "DC name", nothing: true, change: func(p *provision) {
			joinOf(p).dc.name = new(`\\nosuch.corp.example.com`)
		}},
		{name: "no DC name", text: "names no domain controller", change: func(p *provision) {
			joinOf(p).dc.name = nil
		}},
		{name: "DC address", nothing: true, change: func(p *provision) {
			joinOf(p).dc.address = new(`\\192.0.2.99`)
		}},
		{name: "lpDomain", text: `for domain "other.test"`, change: func(p *provision) {
			joinOf(p).domain = new("other.test")
		}},
		{name: "lpDomain is the NetBIOS name", nothing: true, change: func(p *provision) {
			joinOf(p).domain = new("corp")
		}},
		{name: "forest", text: "forest", change: func(p *provision) {
			joinOf(p).forest = new("other.test")
		}},
		{name: "DC domain", text: "the domain controller says", change: func(p *provision) {
			joinOf(p).dc.domainName = new("other.test")
		}},
		{name: "no DNS domain", text: "no DNS name", change: func(p *provision) {
			joinOf(p).dnsDomain = nil
		}},
		{name: "no NetBIOS domain", text: "no NetBIOS name", change: func(p *provision) {
			joinOf(p).netbiosDomain = new("")
		}},
		{name: "NetBIOS domain", nothing: true, change: func(p *provision) {
			joinOf(p).netbiosDomain = new("OTHER")
		}},
		{name: "Options 6", nothing: true, change: func(p *provision) {
			joinOf(p).options = 6
		}},
		{name: "no sites", nothing: true, change: func(p *provision) {
			joinOf(p).dc.site, joinOf(p).dc.clientSite = nil, nil
		}},

		{name: "no JOIN_PROVIDER3", text: "JOIN_PROVIDER3", change: func(p *provision) {
			collectionOf(p).parts = collectionOf(p).parts[:1]
		}},
		{name: "no JOIN_PROVIDER", text: "part JOIN_PROVIDER is missing", change: func(p *provision) {
			collectionOf(p).parts = collectionOf(p).parts[1:]
		}},
		{name: "parts 1, 2, 3", nothing: true, change: func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, part{partType: guidJoinProvider2, prov2: &joinProvider2{
				netbiosName: new("web01"),
			}})
		}},
		{name: "JOIN_PROVIDER2 for another machine", text: "JOIN_PROVIDER2 says", change: func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, part{partType: guidJoinProvider2, prov2: &joinProvider2{
				netbiosName: new("OTHER"),
			}})
		}},
		{name: "JOIN_PROVIDER twice", code: 87, text: "JOIN_PROVIDER twice", change: func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, list.parts[0])
		}},
		{name: "JOIN_PROVIDER3 twice", code: 87, text: "JOIN_PROVIDER3 twice", change: func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, list.parts[1])
		}},
		{name: "unknown part", text: "not known and not essential", change: func(p *provision) {
			list := collectionOf(p)
			list.parts = append(list.parts, part{partType: ndr.GUID{7}, raw: []byte("?")})
		}},
		{name: "only format 2", text: "format 1 (Windows 7) is missing", change: func(p *provision) {
			p.blobs = p.blobs[1:]
		}},
		{name: "format 2 before 1", nothing: true, change: func(p *provision) {
			p.blobs[0], p.blobs[1] = p.blobs[1], p.blobs[0]
		}},
		{name: "format 3 besides", text: "format 3 is not known", change: func(p *provision) {
			p.blobs = append(p.blobs, formatBlob{format: 3, raw: []byte("?")})
		}},
		{name: "only format 3", code: 2719, text: "format 3", change: func(p *provision) {
			p.blobs = []formatBlob{{format: 3}}
		}},
		{name: "format 1 twice", code: 87, text: "format 1 twice", change: func(p *provision) {
			p.blobs = append(p.blobs, p.blobs[0])
		}},
		{name: "format 2 twice", code: 87, text: "format 2 twice", change: func(p *provision) {
			p.blobs = append(p.blobs, p.blobs[1])
		}},
		{name: "no format", code: 87, text: "no join", change: func(p *provision) {
			p.blobs = nil
		}},
		{name: "only JOIN_PROVIDER3", code: 87, text: "no join", change: func(p *provision) {
			p.blobs = p.blobs[1:]
			p.blobs[0].pack.collection.parts = p.blobs[0].pack.collection.parts[1:]
		}},
		{name: "the copies differ", code: 87, text: "contradicts itself", change: func(p *provision) {
			other := *joinOf(p)
			other.password = units(testPassword + "!")
			collectionOf(p).parts[0].win7 = &other
		}},
		{name: "the copies differ in a flag", code: 87, text: "contradicts itself", change: func(p *provision) {
			other := *joinOf(p)
			other.options++
			collectionOf(p).parts[0].win7 = &other
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree := webTree(t)
			c.change(tree)
			b, err := Parse(encoded(t, tree))
			if c.code != 0 {
				verdict(t, err, c.code, c.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			findings := b.Findings()
			expected := len(findings) == 1 && strings.Contains(findings[0], c.text)
			if c.nothing {
				expected = len(findings) == 0
			}
			if !expected {
				t.Errorf("findings %q, want %q", findings, c.text)
			}
			for _, f := range findings {
				showsNoSecret(t, "a finding", f)
			}
			if c.name != "unchanged" && b.Fingerprint() == webBlob(t).Fingerprint() {
				t.Error("the fingerprint is that of the unchanged blob")
			}
		})
	}
}

func TestOnlyFormat1(t *testing.T) {
	t.Parallel()
	tree := webTree(t)
	tree.blobs = tree.blobs[:1]
	b := parsed(t, encoded(t, tree))
	f := b.Findings()
	if len(f) != 2 || !strings.Contains(f[0], "JOIN_PROVIDER3") || !strings.Contains(f[1], "format 2") {
		t.Errorf("findings %q", f)
	}
	if b.AccountSID() != "" || b.Rid() != 0 || b.MachineName() != "WEB01" {
		t.Errorf("%+v", b.Facts())
	}
}

func TestEssentialUnknownPart(t *testing.T) {
	t.Parallel()
	tree := webTree(t)
	list := collectionOf(tree)
	list.parts = append(list.parts, part{partType: ndr.GUID{7, 7, 7, 7}, raw: []byte("?")})
	data := encoded(t, tree)
	data[bytes.Index(data, []byte{7, 7, 7, 7})+16] = flagEssential
	_, err := Parse(data)
	verdict(t, err, winerr.ProvisioningBlobUnsupported, "pParts[2].PartType at offset")
	verdict(t, err, winerr.ProvisioningBlobUnsupported, "{07070707-0000-0000-0000-000000000000} is not known")
}

func TestEncryptedPackage(t *testing.T) {
	t.Parallel()
	data := webBlob(t).Bytes()
	// The package's EncryptionType follows its stream's header and top level pointer.
	start := bytes.LastIndex(data[:bytes.LastIndex(data, []byte{0x21, 0x76, 0x1c, 0x63})], make([]byte, 24))
	data = bytes.Clone(data)
	for ; start >= 0; start-- {
		if bytes.HasPrefix(data[start:], []byte{1, 0x10, 8, 0}) {
			break
		}
	}
	data[start+20] = 9
	_, err := Parse(data)
	verdict(t, err, winerr.ProvisioningBlobUnsupported, "the package is encrypted (type 00000009-")
}

func TestPaddingThatIsNotZero(t *testing.T) {
	t.Parallel()
	good := webBlob(t).Bytes()
	bad := bytes.Clone(good)
	bad[len(bad)-1] = 0xAA
	b, err := Parse(bad)
	if err != nil {
		t.Fatal(err)
	}
	if f := b.Findings(); len(f) != 1 || !strings.Contains(f[0], "1 padding bytes") {
		t.Errorf("findings %q", f)
	}
	if b.Fingerprint() != webBlob(t).Fingerprint() {
		t.Error("padding changes the fingerprint")
	}
}
