package odj

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Join holds the plain values that make a blob. It contains a secret, which printing it does not show.
type Join struct {
	MachineName   string   // without "$", 1 to 15 characters
	Password      Password // SECRET; see RandomPassword
	Domain        string   // as the join is asked for; empty: DNSDomain
	DNSDomain     string   // such as "corp.example.com"
	NetBIOSDomain string   // such as "CORP"
	Forest        string   // DNS name; empty: DNSDomain
	DomainGUID    string   // objectGUID of the domain
	DomainSID     string   // such as "S-1-5-21-1-2-3"
	Rid           uint32   // last number of the account's SID
	Options       uint32   // documented as 0

	// DC is the domain controller that made the account. Its AddressType, DomainGUID, DomainName and Forest may be
	// empty and are then an IP address and the values above. Empty sites are left out.
	DC DomainController

	// The rest is optional; each adds the part that holds it.
	JoinProvider2 *JoinProvider2 // JOIN_PROVIDER2
	PFX           []PFX          // CERT_PROVIDER
	Stores        []Store        // CERT_PROVIDER
	Policies      []Policy       // POLICY_PROVIDER
}

// PFX is a certificate with its private key, a secret that printing a PFX does not show.
type PFX struct {
	Template          string // of the certification authority, such as "Machine"
	KeyExportPolicy   uint32
	PolicyServer      string // URL
	PolicyServerFlags uint32
	PolicyServerID    string
	File              SecretBytes // PKCS #12
}

// Store is certificates without keys for one of the machine's stores.
type Store struct {
	Name string // such as "Root"
	File []byte // a serialized store, as CertSaveStore makes it
}

// Policy is registry values from one source, below HKEY_LOCAL_MACHINE.
type Policy struct {
	Source string // such as the path of a registry.pol
	Values []PolicyValue
}

// PolicyValue is one registry value. Its data may be secret, and printing it does not show that.
type PolicyValue struct {
	Key, Name string
	Type      uint32 // REG_…
	Data      SecretBytes
}

// Compose makes a blob as Windows and Samba lay it out: format 1, and format 2 with the parts JOIN_PROVIDER,
// JOIN_PROVIDER2 if asked for, JOIN_PROVIDER3, and certificates and policy if asked for. JOIN_PROVIDER4 cannot be made:
// its type is not published. Equal values give equal bytes. Compose refuses with a [*winerr.Error]: 2724 for a bad
// machine name, else 87. The caller keeps j's secrets and wipes them.
func Compose(j Join) (*Blob, error) {
	if _, err := ValidateMachineName(j.MachineName); err != nil {
		return nil, err
	}
	if err := j.complete(); err != nil {
		return nil, err
	}
	tree, err := j.tree()
	if err != nil {
		return nil, err
	}
	raw, err := ndr.Encode(tree.layout)
	if err != nil {
		return nil, uncomposed("%v", err)
	}
	return parse(raw, EncodingBytes)
}

func uncomposed(format string, args ...any) error {
	return winerr.Errorf(winerr.InvalidParameter,
		"no blob can be made of these values: %s", fmt.Sprintf(format, args...))
}

// complete fills what may be left empty and refuses what must not.
func (j *Join) complete() error {
	for _, f := range []struct{ name, value string }{
		{"DNSDomain", j.DNSDomain},
		{"NetBIOSDomain", j.NetBIOSDomain},
		{"DomainGUID", j.DomainGUID},
		{"DomainSID", j.DomainSID},
		{"DC.Name", j.DC.Name},
		{"DC.Address", j.DC.Address},
	} {
		if f.value == "" {
			return uncomposed("%s is empty", f.name)
		}
	}
	if len(j.Password) == 0 {
		return uncomposed("Password is empty")
	}
	if j.Rid == 0 {
		return uncomposed("Rid is 0")
	}
	if empty := j.emptyPart(); empty != "" {
		return uncomposed("%s is empty", empty)
	}
	orElse(&j.Domain, j.DNSDomain)
	orElse(&j.Forest, j.DNSDomain)
	orElse(&j.DC.DomainGUID, j.DomainGUID)
	orElse(&j.DC.DomainName, j.DNSDomain)
	orElse(&j.DC.Forest, j.Forest)
	orElse(&j.DC.AddressType, addressIsIP)
	return nil
}

// orElse sets an empty *v.
func orElse[T comparable](v *T, value T) {
	var empty T
	if *v == empty {
		*v = value
	}
}

// tree builds the structures, which share the password's memory.
func (j *Join) tree() (*provision, error) {
	join, err := j.win7()
	if err != nil {
		return nil, err
	}
	account, ok := join.domainSID.Child(j.Rid)
	if !ok {
		return nil, uncomposed("DomainSID has no room for the account's number")
	}
	parts := []part{{partType: guidJoinProvider, flags: flagEssential, win7: join}}
	if p := j.JoinProvider2; p != nil {
		parts = append(parts, part{partType: guidJoinProvider2, prov2: &joinProvider2{
			flags:         p.Flags,
			netbiosName:   textOrNull(p.NetBIOSName),
			site:          textOrNull(p.Site),
			primaryDomain: textOrNull(p.PrimaryDNSDomain),
		}})
	}
	parts = append(parts, part{partType: guidJoinProvider3, prov3: &joinProvider3{
		rid: j.Rid,
		sid: new(account.String()),
	}})
	parts = append(parts, j.optional()...)
	return &provision{
		version: provisionVersion,
		blobs: []formatBlob{
			{format: formatWin7, win7: join},
			{format: formatWin8, pack: &opPackage{collection: collection{parts: parts}}},
		},
	}, nil
}

func (j *Join) win7() (*win7, error) {
	domainGUID, err := ndr.ParseGUID(j.DomainGUID)
	if err != nil {
		return nil, uncomposed("DomainGUID: %v", err)
	}
	dcGUID, err := ndr.ParseGUID(j.DC.DomainGUID)
	if err != nil {
		return nil, uncomposed("DC.DomainGUID: %v", err)
	}
	sid, err := ndr.ParseSID(j.DomainSID)
	if err != nil {
		return nil, uncomposed("DomainSID: %v", err)
	}
	return &win7{
		domain:        &j.Domain,
		machineName:   &j.MachineName,
		password:      j.Password,
		netbiosDomain: &j.NetBIOSDomain,
		dnsDomain:     &j.DNSDomain,
		forest:        &j.Forest,
		domainGUID:    domainGUID,
		domainSID:     &sid,
		dc: dcInfo{
			name:        new(backslashed(j.DC.Name)),
			address:     new(backslashed(j.DC.Address)),
			addressType: j.DC.AddressType,
			domainGUID:  dcGUID,
			domainName:  &j.DC.DomainName,
			forest:      &j.DC.Forest,
			flags:       j.DC.Flags,
			site:        textOrNull(j.DC.Site),
			clientSite:  textOrNull(j.DC.ClientSite),
		},
		options: j.Options,
	}, nil
}

// textOrNull returns a NULL pointer for empty text.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// backslashes stand before names and addresses of domain controllers (dsgetdc.h).
const backslashes = `\\`

func backslashed(s string) string { return backslashes + strings.TrimPrefix(s, backslashes) }
