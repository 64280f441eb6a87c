package odj

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// samples returns the paths of the shared blobs, without extension.
func samples(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(testenv.Shared(t, "testdata/blobs"), "*.bin"))
	if err != nil || len(names) < 8 {
		t.Fatalf("8 sample blobs or more are expected, found %d (%v)", len(names), err)
	}
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".bin")
	}
	return names
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parsed(t testing.TB, data []byte) *Blob {
	t.Helper()
	b, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// truth is what the maker of the samples read from the directory.
type truth struct {
	Machine   string `json:"requested_machine_name"`
	Directory *struct {
		DNSDomain     string `json:"dns_domain"`
		NetBIOSDomain string `json:"netbios_domain"`
		Forest        string `json:"forest"`
		DomainGUID    string `json:"domain_guid"`
		DomainSID     string `json:"domain_sid"`
		DCName        string `json:"dc_name"`
		DCAddress     string `json:"dc_address"`
		Site          string `json:"site"`
		Account       string `json:"sam_account_name"`
		AccountSID    string `json:"account_sid"`
		Rid           uint32 `json:"rid"`
	} `json:"directory"`
	Password string `json:"machine_password_utf16le_hex"`
}

func TestSamplesTellTheTruth(t *testing.T) {
	t.Parallel()
	for _, sample := range samples(t) {
		var want truth
		if err := json.Unmarshal(read(t, sample+".json"), &want); err != nil {
			t.Fatal(err)
		}
		if want.Directory == nil {
			continue // the synthetic one, below
		}
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			b := parsed(t, read(t, sample+".txt"))
			d := want.Directory
			dc := b.DC()
			for _, f := range []struct{ what, got, want string }{
				{"machine name", b.MachineName(), strings.TrimSuffix(d.Account, "$")},
				{"machine name as requested", b.MachineName(), want.Machine},
				{"domain", b.Domain(), d.DNSDomain},
				{"DNS domain", b.DNSDomain(), d.DNSDomain},
				{"NetBIOS domain", b.NetBIOSDomain(), d.NetBIOSDomain},
				{"forest", b.Forest(), d.Forest},
				{"domain GUID", b.DomainGUID(), d.DomainGUID},
				{"domain SID", b.DomainSID(), d.DomainSID},
				{"DC", dc.Name, d.DCName},
				{"DC address", dc.Address, d.DCAddress},
				{"DC domain GUID", dc.DomainGUID, d.DomainGUID},
				{"DC domain", dc.DomainName, d.DNSDomain},
				{"DC forest", dc.Forest, d.Forest},
				{"DC site", dc.Site, d.Site},
				{"client site", dc.ClientSite, d.Site},
				{"account SID", b.AccountSID(), d.AccountSID},
				{"password", hexUnits(b.MachinePassword()), want.Password},
			} {
				if f.got != f.want {
					t.Errorf("%s: got %q, want %q", f.what, f.got, f.want)
				}
			}
			if b.Rid() != d.Rid || b.Options() != 6 || dc.AddressType != 1 || dc.Flags != 0xE00011BD {
				t.Errorf("Rid %d, Options %d, address type %d, flags %#x", b.Rid(), b.Options(), dc.AddressType, dc.Flags)
			}
			if f := b.Findings(); (len(f) > 0) != (want.Machine == "ODJPC03") {
				t.Errorf("only the sample with the default password has a finding, but got %q", f)
			}
		})
	}
}

func hexUnits(units []uint16) string {
	var b []byte
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return hex.EncodeToString(b)
}

// synthetic is the flat JSON from which the sample with all parts was composed.
type synthetic struct {
	Machine       string `json:"machine_name"`
	Password      string `json:"machine_password"`
	Domain        string `json:"domain"`
	DNSDomain     string `json:"dns_domain"`
	NetBIOSDomain string `json:"netbios_domain"`
	Forest        string `json:"forest"`
	DomainGUID    string `json:"domain_guid"`
	DomainSID     string `json:"domain_sid"`
	Options       uint32 `json:"options"`
	Rid           uint32 `json:"rid"`
	AccountSID    string `json:"account_sid"`
	DCName        string `json:"dc_name"`
	DCAddress     string `json:"dc_address"`
	DCAddressType uint32 `json:"dc_address_type"`
	DCDomainGUID  string `json:"dc_domain_guid"`
	DCDomain      string `json:"dc_domain_name"`
	DCForest      string `json:"dc_forest"`
	DCFlags       uint32 `json:"dc_flags"`
	DCSite        string `json:"dc_site"`
	ClientSite    string `json:"client_site"`
	Prov2         struct {
		Flags   uint32 `json:"dwFlags"`
		NetBIOS string `json:"lpNetbiosName"`
		Site    string `json:"lpSiteName"`
		Domain  string `json:"lpPrimaryDNSDomain"`
	} `json:"joinprov2"`
	Cert struct {
		Pfx []struct {
			TemplateName           string
			PrivateKeyExportPolicy uint32
			PolicyServerURL        string `json:"PolicyServerUrl"`
			PolicyServerID         string `json:"PolicyServerId"`
			Pfx                    string
		}
		Sst []struct {
			StoreLocation  uint32
			StoreName, Sst string
		}
	}
	Policy []struct {
		Source    string
		RootKeyID uint32 `json:"RootKeyId"`
		Elements  []struct {
			KeyPath, ValueName string
			Type               uint32
			Data               string
		}
	}
	Unknown [][]any `json:"unknown_parts"`
}

func TestSyntheticSampleWithAllParts(t *testing.T) {
	t.Parallel()
	sample := filepath.Join(testenv.Shared(t, "testdata/blobs"), "20-synthetic-all-parts")
	var want synthetic
	if err := json.Unmarshal(read(t, sample+".json"), &want); err != nil {
		t.Fatal(err)
	}
	b := parsed(t, read(t, sample+".bin"))
	if got := b.MachinePassword(); hexUnits(got) != hexUnits(units(want.Password)) {
		t.Error("the password differs")
	}
	got, expected := b.Facts(), want.facts(b)
	if g, w := asJSON(t, got), asJSON(t, expected); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// facts states what Facts must be; structure sizes and the digest are taken over from b.
func (s *synthetic) facts(b *Blob) Facts {
	f := Facts{
		SchemaVersion: 1, Encoding: EncodingBytes, Fingerprint: b.Fingerprint(), MachineName: s.Machine,
		MachinePassword: "(secret)",
		Domain:          s.Domain, DNSDomain: s.DNSDomain, NetBIOSDomain: s.NetBIOSDomain, Forest: s.Forest,
		DomainGUID: s.DomainGUID, DomainSID: s.DomainSID, AccountSID: s.AccountSID, Rid: s.Rid, Options: s.Options,
		JoinProvider2: &JoinProvider2{s.Prov2.Flags, s.Prov2.NetBIOS, s.Prov2.Site, s.Prov2.Domain},
		Formats:       []FormatFacts{{1, "Windows 7"}, {2, "Windows 8"}},
		Findings:      b.open().findings,
	}
	f.DC.DomainController = DomainController{
		strings.TrimLeft(s.DCName, `\`), strings.TrimLeft(s.DCAddress, `\`), s.DCAddressType, s.DCDomainGUID,
		s.DCDomain, s.DCForest, s.DCFlags, s.DCSite, s.ClientSite,
	}
	f.DC.FlagNames = dcFlagNames(s.DCFlags)
	for _, c := range s.Cert.Pfx {
		f.PFX = append(f.PFX, PFXFacts{
			Template: c.TemplateName, KeyExportPolicy: c.PrivateKeyExportPolicy, PolicyServer: c.PolicyServerURL,
			PolicyServerID: c.PolicyServerID, Size: len(c.Pfx) / 2, Certificates: []CertificateFacts{},
			Problem: errNoPFX.Error(), // the sample has a few arbitrary bytes there
		})
	}
	for _, c := range s.Cert.Sst {
		f.Stores = append(f.Stores, StoreFacts{
			Name: c.StoreName, Location: c.StoreLocation, LocationName: "local machine", Size: len(c.Sst) / 2,
			Certificates: []CertificateFacts{}, Problem: errNoStore.Error(),
		})
	}
	for _, l := range s.Policy {
		p := PolicyFacts{Source: l.Source, RootKey: l.RootKeyID, RootKeyName: "HKLM"}
		for _, e := range l.Elements {
			v := PolicyValueFacts{e.KeyPath, e.ValueName, e.Type, typeName(e.Type), len(e.Data) / 2}
			p.Values = append(p.Values, v)
		}
		f.Policies = append(f.Policies, p)
	}
	got := b.Facts().Parts
	for i, p := range []PartFacts{
		{Type: "631c7621-5289-4321-bc9e-80f843f868c3", Name: "JOIN_PROVIDER", Flags: 1, Essential: true},
		{Type: "57bfc56b-52f9-480c-adcb-91b3f8a82317", Name: "JOIN_PROVIDER2"},
		{Type: "fc0ccf25-7ffa-474a-8611-69ffe269645f", Name: "JOIN_PROVIDER3"},
		{Type: "9c0971e9-832f-4873-8e87-ef1419d4781e", Name: "CERT_PROVIDER"},
		{Type: "68fb602a-0c09-48ce-b75f-07b7bd58f7ec", Name: "POLICY_PROVIDER"},
		{Type: s.Unknown[0][0].(string)},
	} {
		p.Size, p.Does = got[i].Size, got[i].Does
		f.Parts = append(f.Parts, p)
	}
	return f
}

func TestSampleEncodingsAreOneBlob(t *testing.T) {
	t.Parallel()
	for _, sample := range samples(t) {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			bin, txt, b64 := read(t, sample+".bin"), read(t, sample+".txt"), read(t, sample+".b64")
			want := parsed(t, bin)
			for name, data := range map[string][]byte{
				"txt":           txt,
				"txt, no NUL":   txt[:len(txt)-2],
				"b64":           b64,
				"b64, 76":       wrapped(b64, 76, "\n"),
				"b64, 64, CRLF": wrapped(b64, 64, "\r\n"),
				"b64, indented": wrapped(b64, 80, "\n\t  "),
				"b64, blanks":   append(append([]byte(" \r\n"), b64...), "\n\n \x00"...),
				"b64, UTF-8":    append([]byte("\xEF\xBB\xBF"), b64...),
				"txt, no BOM":   txt[2:],
			} {
				if got := parsed(t, data); got.Fingerprint() != want.Fingerprint() || !bytes.Equal(got.Bytes(), bin) {
					t.Errorf("%s is another blob", name)
				}
			}
			if !bytes.Equal(want.DjoinFile(), txt) {
				t.Error("DjoinFile differs from the file that Samba wrote")
			}
			if want.AccountData() != strings.TrimSpace(string(b64)) {
				t.Error("AccountData differs from what Samba printed")
			}
		})
	}
}

func wrapped(text []byte, width int, end string) []byte {
	var out []byte
	for len(text) > width {
		out = append(append(out, text[:width]...), end...)
		text = text[width:]
	}
	return append(append(out, text...), end...)
}

func TestSamplesWrittenAgainAreTheSame(t *testing.T) {
	t.Parallel()
	for _, sample := range samples(t) {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			sameButReferents(t, read(t, sample+".bin"))
		})
	}
}

// sameButReferents writes raw again from its decoded form and compares every byte. Only words that are pointers may
// differ: then both are not NULL and ours counts on from 0x00020000.
func sameButReferents(t *testing.T, raw []byte) {
	t.Helper()
	b := parsed(t, raw)
	again, err := ndr.Encode(b.open().tree.layout)
	if err != nil {
		t.Fatal(err)
	}
	if len(again) != len(raw) {
		t.Fatalf("%d bytes became %d", len(raw), len(again))
	}
	differ := 0
	for i := 0; i < len(raw); i += 4 {
		theirs, ours := binary.LittleEndian.Uint32(raw[i:]), binary.LittleEndian.Uint32(again[i:])
		if theirs == ours {
			continue
		}
		differ++
		if theirs == 0 || ours < 0x20000 || ours > 0x20080 || ours%4 != 0 {
			t.Errorf("word %#x is %08x, was %08x", i, ours, theirs)
		}
	}
	t.Logf("%d bytes, %d pointer words differ", len(raw), differ)
	if got := parsed(t, again); got.Fingerprint() != b.Fingerprint() {
		t.Error("the fingerprint depends on the pointers' numbers")
	}
}

// TestGenuineWindowsBlob takes the one blob of Windows Server 2019 at hand from Samba's test program, which carries it
// as test data.
func TestGenuineWindowsBlob(t *testing.T) {
	t.Parallel()
	program := read(t, testenv.Tool(t, "smbtorture"))
	magic := []byte{0x01, 0x10, 0x08, 0x00, 0xCC, 0xCC, 0xCC, 0xCC}
	for at := bytes.Index(program, magic); at >= 0; {
		rest := program[at:]
		if size := 16 + int(binary.LittleEndian.Uint32(rest[8:])); size == 1984 {
			sameButReferents(t, rest[:size])
			b := parsed(t, rest[:size])
			t.Log(b, b.Findings())
			if len(b.Findings()) != 1 || b.Options() != 4 || b.Rid() == 0 {
				t.Errorf("Options %d, Rid %d, findings %q", b.Options(), b.Rid(), b.Findings())
			}
			return
		}
		next := bytes.Index(rest[1:], magic)
		if next < 0 {
			break
		}
		at += 1 + next
	}
	t.Fatal("smbtorture carries no blob of 1984 bytes")
}

func TestBase64OfEveryBlobStartsAlike(t *testing.T) {
	t.Parallel()
	if got := webBlob(t).AccountData(); !strings.HasPrefix(got, "ARAIAMzMzMz") {
		t.Errorf("it starts with %.11s", got)
	}
	if _, err := base64.StdEncoding.DecodeString(webBlob(t).AccountData()); err != nil {
		t.Error(err)
	}
}
