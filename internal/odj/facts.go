package odj

import (
	"strings"
	"unicode"
)

// Facts is everything in a blob that is not secret, in plain values. Sizes are in bytes. Text that is not printable has
// been replaced.
type Facts struct {
	SchemaVersion   int                   `json:"schema_version"` // 1
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
	Rid             uint32                `json:"rid,omitempty"`
	Options         uint32                `json:"options"`
	DC              DomainControllerFacts `json:"domain_controller"`
	JoinProvider2   *JoinProvider2        `json:"join_provider2,omitempty"`
	Certificates    []CertificateFacts    `json:"certificates,omitempty"`
	Stores          []StoreFacts          `json:"certificate_stores,omitempty"`
	Policies        []PolicyFacts         `json:"policies,omitempty"`
	Formats         []FormatFacts         `json:"formats"`
	Parts           []PartFacts           `json:"parts"`
	Findings        []string              `json:"findings"`
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

// CertificateFacts tells of a certificate with private key, without showing either.
type CertificateFacts struct {
	Template        string `json:"template"`
	KeyExportPolicy uint32 `json:"private_key_export_policy"`
	PolicyServer    string `json:"policy_server,omitempty"`
	PolicyServerID  string `json:"policy_server_id,omitempty"`
	PFXSize         int    `json:"pfx_size"`
}

// StoreFacts tells of a store of certificates without keys.
type StoreFacts struct {
	Name     string `json:"name"`
	Location uint32 `json:"location"` // 0x20000: local machine
	Size     int    `json:"size"`
}

// PolicyFacts tells of the registry values from one policy source.
type PolicyFacts struct {
	Source  string             `json:"source"`
	RootKey uint32             `json:"root_key"` // 0x80000002: HKEY_LOCAL_MACHINE
	Values  []PolicyValueFacts `json:"values"`
}

// PolicyValueFacts tells of one registry value, without its data.
type PolicyValueFacts struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	Type uint32 `json:"type"` // REG_…
	Size int    `json:"size"`
}

// FormatFacts tells of one format of the blob.
type FormatFacts struct {
	Format uint32 `json:"format"` // 1: Windows 7, 2: Windows 8
	Size   int    `json:"size"`
}

// PartFacts tells of one part of the package.
type PartFacts struct {
	Type  string `json:"type"`           // GUID
	Name  string `json:"name,omitempty"` // such as JOIN_PROVIDER3; empty: not known
	Flags uint32 `json:"flags"`          // 1: essential
	Size  int    `json:"size"`
}

// Facts returns everything that is not secret.
func (b *Blob) Facts() Facts {
	c := b.inside()
	dc := b.DC()
	f := Facts{
		SchemaVersion:   1,
		Fingerprint:     b.Fingerprint(),
		MachineName:     b.MachineName(),
		MachinePassword: redacted,
		Domain:          b.Domain(),
		DNSDomain:       b.DNSDomain(),
		NetBIOSDomain:   b.NetBIOSDomain(),
		Forest:          b.Forest(),
		DomainGUID:      b.DomainGUID(),
		DomainSID:       b.DomainSID(),
		AccountSID:      printable(b.AccountSID()),
		Rid:             b.Rid(),
		Options:         b.Options(),
		DC:              DomainControllerFacts{dc, dcFlagNames(dc.Flags)},
		JoinProvider2:   b.JoinProvider2().printable(),
		Formats:         []FormatFacts{},
		Parts:           []PartFacts{},
		Findings:        append([]string{}, c.findings...),
	}
	for i := range c.tree.blobs {
		f.Formats = append(f.Formats, FormatFacts{c.tree.blobs[i].format, len(c.tree.blobs[i].raw)})
	}
	for i := range c.parts {
		f.addPart(&c.parts[i])
	}
	return f
}

func (f *Facts) addPart(p *part) {
	f.Parts = append(f.Parts, PartFacts{p.partType.String(), partName(p.partType), p.flags, len(p.raw)})
	if p.certs != nil {
		f.addCerts(p.certs)
	}
	if p.policies != nil {
		f.addPolicies(p.policies)
	}
}

func (f *Facts) addCerts(certs *certPart) {
	for _, s := range certs.pfx {
		f.Certificates = append(f.Certificates, CertificateFacts{
			Template:        printable(value(s.template)),
			KeyExportPolicy: s.keyExportPolicy,
			PolicyServer:    printable(value(s.policyServerURL)),
			PolicyServerID:  printable(value(s.policyServerID)),
			PFXSize:         len(s.pfx),
		})
	}
	for _, s := range certs.sst {
		f.Stores = append(f.Stores, StoreFacts{printable(value(s.name)), s.location, len(s.sst)})
	}
}

func (f *Facts) addPolicies(policies *policyPart) {
	for _, l := range policies.lists {
		facts := PolicyFacts{printable(value(l.source)), l.rootKey, []PolicyValueFacts{}}
		for _, e := range l.elements {
			facts.Values = append(facts.Values, PolicyValueFacts{
				Key:  printable(value(e.keyPath)),
				Name: printable(value(e.valueName)),
				Type: e.valueType,
				Size: len(e.data),
			})
		}
		f.Policies = append(f.Policies, facts)
	}
}

func (p *JoinProvider2) printable() *JoinProvider2 {
	if p != nil {
		p.NetBIOSName, p.Site = printable(p.NetBIOSName), printable(p.Site)
		p.PrimaryDNSDomain = printable(p.PrimaryDNSDomain)
	}
	return p
}

// printable replaces what could act on a terminal.
func printable(s string) string {
	return strings.Map(func(char rune) rune {
		if unicode.IsPrint(char) {
			return char
		}
		return unicode.ReplacementChar
	}, s)
}
