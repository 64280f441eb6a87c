package odj

import (
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// FactsVersion is the version of Facts as JSON. It changes when a name goes or means something else; names may come.
const FactsVersion = 1

// Facts is everything in a blob that is not secret, in plain values; docs/blob-facts.md describes its JSON. Sizes are
// in bytes. Text that is not printable has been replaced.
//
// What holds the password has no size here: next to all other facts, it would tell how long the password is.
type Facts struct {
	SchemaVersion   int                   `json:"schema_version"` // FactsVersion
	Encoding        Encoding              `json:"encoding"`       // in which the blob was read
	Fingerprint     string                `json:"fingerprint"`
	MachineName     string                `json:"machine_name"`
	MachinePassword string                `json:"machine_password"` // always "(secret)"
	Domain          string                `json:"domain"`
	DNSDomain       string                `json:"dns_domain"`
	NetBIOSDomain   string                `json:"netbios_domain"`
	Forest          string                `json:"forest"`
	DomainGUID      string                `json:"domain_guid"`
	DomainSID       string                `json:"domain_sid,omitempty"`
	AccountSID      string                `json:"account_sid,omitempty"`
	AccountGUID     string                `json:"account_guid,omitempty"` // only some blobs of newer Windows tell
	Rid             uint32                `json:"rid,omitempty"`
	Options         uint32                `json:"options"`
	DC              DomainControllerFacts `json:"domain_controller"`
	JoinProvider2   *JoinProvider2        `json:"join_provider2,omitempty"`
	PFX             []PFXFacts            `json:"pfx_stores,omitempty"`
	Stores          []StoreFacts          `json:"certificate_stores,omitempty"`
	Policies        []PolicyFacts         `json:"policies,omitempty"`
	Formats         []FormatFacts         `json:"formats"`
	Parts           []PartFacts           `json:"parts"`
	Findings        []Finding             `json:"findings"`
}

// DomainController is the controller that made the account (DOMAIN_CONTROLLER_INFO), without the backslashes in front
// of name and address.
type DomainController struct {
	Name        string `json:"name"`
	Address     string `json:"address"`
	AddressType uint32 `json:"address_type"` // 1: IP address, 2: NetBIOS name
	DomainGUID  string `json:"domain_guid"`
	DomainName  string `json:"domain_name"`
	Forest      string `json:"forest"`
	Flags       uint32 `json:"flags"` // DS_… (dsgetdc.h)
	Site        string `json:"site,omitempty"`
	ClientSite  string `json:"client_site,omitempty"`
}

// DomainControllerFacts adds the names of the flags, such as DS_WRITABLE_FLAG.
type DomainControllerFacts struct {
	DomainController
	FlagNames []string `json:"flag_names,omitempty"`
}

// JoinProvider2 is what OP_JOINPROV2_PART says.
type JoinProvider2 struct {
	Flags            uint32 `json:"flags"` // 1: the site is persistent
	NetBIOSName      string `json:"netbios_name,omitempty"`
	Site             string `json:"site,omitempty"`
	PrimaryDNSDomain string `json:"primary_dns_domain,omitempty"`
}

// PolicyFacts tells of the registry values from one policy source (OP_POLICY_ELEMENT_LIST).
type PolicyFacts struct {
	Source      string             `json:"source"`
	RootKey     uint32             `json:"root_key"` // 0x80000002: HKEY_LOCAL_MACHINE
	RootKeyName string             `json:"root_key_name,omitempty"`
	Values      []PolicyValueFacts `json:"values"`
}

// PolicyValueFacts tells of one registry value, without its data.
type PolicyValueFacts struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	Type     uint32 `json:"type"` // REG_…
	TypeName string `json:"type_name,omitempty"`
	Size     int    `json:"size"`
}

// FormatFacts tells of one format of the blob.
type FormatFacts struct {
	Format uint32 `json:"format"`         // 1 or 2
	Name   string `json:"name,omitempty"` // "Windows 7" or "Windows 8"; empty: not known
}

// PartFacts tells of one part of the package.
type PartFacts struct {
	Type      string `json:"type"`           // GUID
	Name      string `json:"name,omitempty"` // such as JOIN_PROVIDER3; empty: not known
	Does      string `json:"does"`           // a few words for people
	Flags     uint32 `json:"flags"`
	Essential bool   `json:"essential"`      // flag 1
	Size      int    `json:"size,omitempty"` // none for JOIN_PROVIDER
}

// Facts returns everything that is not secret.
func (b *Blob) Facts() Facts {
	c := b.inside()
	dc := b.DC()
	f := Facts{
		SchemaVersion:   FactsVersion,
		Encoding:        c.encoding,
		Fingerprint:     b.Fingerprint(),
		MachineName:     b.MachineName(),
		MachinePassword: redacted,
		Domain:          b.Domain(),
		DNSDomain:       b.DNSDomain(),
		NetBIOSDomain:   b.NetBIOSDomain(),
		Forest:          b.Forest(),
		DomainGUID:      b.DomainGUID(),
		DomainSID:       b.DomainSID(),
		AccountSID:      plaintext.Line(b.AccountSID(), plaintext.Name),
		AccountGUID:     b.AccountGUID(),
		Rid:             b.Rid(),
		Options:         b.Options(),
		DC:              DomainControllerFacts{dc, dcFlagNames(dc.Flags)},
		JoinProvider2:   b.JoinProvider2().printable(),
		PFX:             slices.Clone(c.pfx),
		Stores:          slices.Clone(c.stores),
		Formats:         []FormatFacts{},
		Parts:           []PartFacts{},
		Findings:        append([]Finding{}, c.findings...),
	}
	for i := range c.tree.blobs {
		format := c.tree.blobs[i].format
		f.Formats = append(f.Formats, FormatFacts{format, formatName(format)})
	}
	for i := range c.parts {
		f.addPart(&c.parts[i])
	}
	return f
}

func formatName(format uint32) string {
	switch format {
	case formatWin7:
		return "Windows 7"
	case formatWin8:
		return "Windows 8"
	}
	return ""
}

func (f *Facts) addPart(p *part) {
	facts := PartFacts{
		Type:      p.partType.String(),
		Name:      partName(p.partType),
		Does:      p.does(),
		Flags:     p.flags,
		Essential: p.flags&flagEssential != 0,
		Size:      len(p.raw),
	}
	if p.win7 != nil {
		facts.Size = 0
	}
	f.Parts = append(f.Parts, facts)
	if p.policies != nil {
		f.addPolicies(p.policies)
	}
}

// does says what Windows does with a part (documented for the known ones).
func (p *part) does() string {
	switch p.partType {
	case guidJoinProvider:
		return "the join itself: machine, password, domain and its controller"
	case guidJoinProvider2:
		return "the machine's site and DNS domain"
	case guidJoinProvider3:
		return "which account it is: SID and number"
	case guidCertProvider:
		return "certificates for the machine, with their keys, and for its stores"
	case guidPolicyProvider:
		return "policy for the machine's registry"
	}
	if p.looksLike4 {
		return "which account it is: SID, number and GUID (JOIN_PROVIDER4, told by its content)"
	}
	return "not known, and passed on as it is"
}

func (f *Facts) addPolicies(policies *policyPart) {
	for _, l := range policies.lists {
		facts := PolicyFacts{plaintext.Line(value(l.source), plaintext.Name), l.rootKey, rootKeyName(l.rootKey), []PolicyValueFacts{}}
		for _, e := range l.elements {
			facts.Values = append(facts.Values, PolicyValueFacts{
				Key:      plaintext.Line(value(e.keyPath), plaintext.Name),
				Name:     plaintext.Line(value(e.valueName), plaintext.Name),
				Type:     e.valueType,
				TypeName: typeName(e.valueType),
				Size:     len(e.data),
			})
		}
		f.Policies = append(f.Policies, facts)
	}
}

func (p *JoinProvider2) printable() *JoinProvider2 {
	if p != nil {
		p.NetBIOSName, p.Site = plaintext.Line(p.NetBIOSName, plaintext.Name), plaintext.Line(p.Site, plaintext.Name)
		p.PrimaryDNSDomain = plaintext.Line(p.PrimaryDNSDomain, plaintext.Name)
	}
	return p
}
