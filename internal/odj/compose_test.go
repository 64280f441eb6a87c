package odj

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestComposeIsDeterministic(t *testing.T) {
	t.Parallel()
	if a, b := webBlob(t), webBlob(t); !bytes.Equal(a.Bytes(), b.Bytes()) || a.Fingerprint() != b.Fingerprint() {
		t.Error("equal values made different blobs")
	}
	const fingerprint = "4c3676f187e40d012770cb8a472e60fe47e0211353499a8f2de2677c3d225765"
	if got := webBlob(t).Fingerprint(); got != fingerprint {
		t.Errorf("the fingerprint is %s; it is stored in images and must never change", got)
	}
}

func TestComposeFillsIn(t *testing.T) {
	t.Parallel()
	j := webJoin()
	j.Forest, j.DC.Site, j.DC.ClientSite = "", "", ""
	j.DC.Name = `\\` + j.DC.Name
	b, err := Compose(j)
	if err != nil {
		t.Fatal(err)
	}
	dc := b.DC()
	if b.Domain() != j.DNSDomain || b.Forest() != j.DNSDomain ||
		dc.Forest != j.DNSDomain || dc.DomainName != j.DNSDomain || dc.DomainGUID != j.DomainGUID ||
		dc.AddressType != 1 || dc.Name != webJoin().DC.Name || b.Options() != 0 {
		t.Errorf("%+v", b.Facts())
	}
	if w := b.inside().join; w.dc.site != nil || w.dc.clientSite != nil {
		t.Error("empty sites are not left out")
	}
	if len(b.Findings()) != 0 {
		t.Errorf("findings %q", b.Findings())
	}
}

func TestSingleLabelDomainIsFound(t *testing.T) {
	t.Parallel()
	j := webJoin()
	j.DNSDomain, j.Forest, j.Domain = "corp", "", ""
	b, err := Compose(j)
	if err != nil {
		t.Fatal(err)
	}
	if all := b.Findings(); len(all) != 1 || !strings.Contains(all[0], "AllowSingleLabelDnsDomain") {
		t.Errorf("findings %q", all)
	}
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(j *Join)
		code   winerr.Code
		text   string
	}{
		{"machine name", func(j *Join) { j.MachineName = "A:B" }, 2724, "one of the characters"},
		{"no machine name", func(j *Join) { j.MachineName = "" }, 2724, "empty"},
		{"no password", func(j *Join) { j.Password = nil }, 87, "Password is empty"},
		{"NUL in the password", func(j *Join) { j.Password[2] = 0 }, 87, "lpMachinePassword"},
		{"no DNS domain", func(j *Join) { j.DNSDomain = "" }, 87, "DNSDomain is empty"},
		{"no NetBIOS domain", func(j *Join) { j.NetBIOSDomain = "" }, 87, "NetBIOSDomain is empty"},
		{"no GUID", func(j *Join) { j.DomainGUID = "" }, 87, "DomainGUID is empty"},
		{"bad GUID", func(j *Join) { j.DomainGUID = "x" }, 87, "DomainGUID: "},
		{"bad GUID of the DC", func(j *Join) { j.DC.DomainGUID = "x" }, 87, "DC.DomainGUID: "},
		{"no SID", func(j *Join) { j.DomainSID = "" }, 87, "DomainSID is empty"},
		{"bad SID", func(j *Join) { j.DomainSID = "x" }, 87, "DomainSID: "},
		{"full SID", func(j *Join) { j.DomainSID = "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15" }, 87, "no room"},
		{"no Rid", func(j *Join) { j.Rid = 0 }, 87, "Rid is 0"},
		{"no DC", func(j *Join) { j.DC.Name = "" }, 87, "DC.Name is empty"},
		{"no DC address", func(j *Join) { j.DC.Address = "" }, 87, "DC.Address is empty"},
		{"invalid UTF-8", func(j *Join) { j.DC.Site = "\xFF" }, 87, "DcInfo.DcSiteName"},
		{"no PKCS #12 file", func(j *Join) { j.PFX = []PFX{{Template: "x"}} }, 87, "PFX[0].File is empty"},
		{"no store", func(j *Join) { j.Stores = []Store{{Name: "Root"}} }, 87, "Stores[0].File is empty"},
		{"no store's name", func(j *Join) { j.Stores = []Store{{File: []byte{1}}} }, 87, "Stores[0].Name is empty"},
		{"no key", func(j *Join) { j.Policies = []Policy{{Values: []PolicyValue{{Name: "V"}}}} }, 87, "Values[0].Key is empty"},
		{"control character", func(j *Join) { j.Forest = "a\x07" }, 87, "DnsForestName holds the character U+0007"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := webJoin()
			c.change(&j)
			_, err := Compose(j)
			verdict(t, err, c.code, c.text)
		})
	}
}

// TestWhatIsComposedIsParsed composes random joins and finds their values again, in every text form.
func TestWhatIsComposedIsParsed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		j := drawJoin(t)
		made, err := Compose(j)
		if err != nil {
			t.Fatal(err)
		}
		form := rapid.SampledFrom([]func() []byte{
			made.Bytes, made.DjoinFile, func() []byte { return []byte(made.AccountData()) },
		}).Draw(t, "form")
		b, err := Parse(form())
		if err != nil {
			t.Fatal(err)
		}
		got := Join{
			MachineName: b.MachineName(), Password: b.MachinePassword(), Domain: b.Domain(), DNSDomain: b.DNSDomain(),
			NetBIOSDomain: b.NetBIOSDomain(), Forest: b.Forest(), DomainGUID: b.DomainGUID(), DomainSID: b.DomainSID(),
			Rid: b.Rid(), Options: b.Options(), DC: b.DC(), JoinProvider2: b.JoinProvider2(),
		}
		b.optionalOf(&got)
		if g, w := describe(got), describe(j); g != w {
			t.Fatalf("got  %s\nwant %s", g, w)
		}
		if b.AccountSID() != j.DomainSID+"-"+uintText(j.Rid) || b.Fingerprint() != made.Fingerprint() {
			t.Fatalf("account %s, fingerprints %s and %s", b.AccountSID(), b.Fingerprint(), made.Fingerprint())
		}
		again, err := Compose(got)
		if err != nil || !bytes.Equal(again.Bytes(), made.Bytes()) {
			t.Fatalf("composed again it differs (%v)", err)
		}
	})
}

func drawJoin(t *rapid.T) Join {
	text := rapid.StringMatching(`[A-Za-z0-9äß€🙂][A-Za-z0-9._ -]{0,20}`)
	name := rapid.StringMatching(`[A-Za-z][A-Za-z0-9_$-]{0,14}`)
	guid := rapid.Custom(func(t *rapid.T) string {
		var g ndr.GUID
		copy(g[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		return g.String()
	})
	number := func(label string) string { return uintText(rapid.Uint32().Draw(t, label)) }
	j := Join{
		MachineName:   name.Draw(t, "machine"),
		Password:      rapid.SliceOfN(rapid.Uint16Min(1), 1, 130).Draw(t, "password"),
		Domain:        text.Draw(t, "domain"),
		DNSDomain:     text.Draw(t, "DNS domain"),
		NetBIOSDomain: text.Draw(t, "NetBIOS domain"),
		Forest:        text.Draw(t, "forest"),
		DomainGUID:    guid.Draw(t, "GUID"),
		DomainSID:     "S-1-5-21-" + number("a") + "-" + number("b"),
		Rid:           rapid.Uint32Min(1).Draw(t, "rid"),
		Options:       rapid.Uint32().Draw(t, "options"),
		DC: DomainController{
			Name: text.Draw(t, "DC"), Address: text.Draw(t, "address"), AddressType: rapid.Uint32Min(1).Draw(t, "type"),
			DomainGUID: guid.Draw(t, "DC's GUID"), DomainName: text.Draw(t, "DC's domain"),
			Forest: text.Draw(t, "DC's forest"), Flags: rapid.Uint32().Draw(t, "flags"),
			Site: rapid.OneOf(rapid.Just(""), text).Draw(t, "site"), ClientSite: text.Draw(t, "client's site"),
		},
	}
	if rapid.Bool().Draw(t, "JOIN_PROVIDER2") {
		j.JoinProvider2 = &JoinProvider2{
			rapid.Uint32().Draw(t, "flags"), name.Draw(t, "name"), "", text.Draw(t, "primary"),
		}
	}
	file := rapid.SliceOfN(rapid.Byte(), 1, 20)
	for range rapid.IntRange(0, 2).Draw(t, "PFX stores") {
		j.PFX = append(j.PFX, PFX{
			text.Draw(t, "template"), rapid.Uint32().Draw(t, "policy"), text.Draw(t, "server"),
			rapid.Uint32().Draw(t, "server's flags"), text.Draw(t, "id"), file.Draw(t, "PFX"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "stores") {
		j.Stores = append(j.Stores, Store{text.Draw(t, "store"), file.Draw(t, "SST")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "policies") {
		p := Policy{Source: text.Draw(t, "source")}
		for range rapid.IntRange(0, 3).Draw(t, "values") {
			p.Values = append(p.Values, PolicyValue{
				text.Draw(t, "key"), text.Draw(t, "value"), rapid.Uint32().Draw(t, "type"), file.Draw(t, "data"),
			})
		}
		j.Policies = append(j.Policies, p)
	}
	return j
}

// optionalOf puts what the optional parts of a blob say into a join.
func (b *Blob) optionalOf(j *Join) {
	for _, p := range b.open().parts {
		if p.certs != nil {
			for _, s := range p.certs.pfx {
				j.PFX = append(j.PFX, PFX{
					*s.template, s.keyExportPolicy, *s.policyServerURL, s.policyServerFlags, *s.policyServerID, s.pfx,
				})
			}
			for _, s := range p.certs.sst {
				j.Stores = append(j.Stores, Store{*s.name, s.sst})
			}
		}
		if p.policies != nil {
			for _, l := range p.policies.lists {
				policy := Policy{Source: *l.source}
				for _, e := range l.elements {
					policy.Values = append(policy.Values, PolicyValue{*e.keyPath, *e.valueName, e.valueType, e.data})
				}
				j.Policies = append(j.Policies, policy)
			}
		}
	}
}
