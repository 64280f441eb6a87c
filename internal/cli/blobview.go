package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// showBlob tells everything of a blob that is not secret.
func (a *app) showBlob(f odj.Facts, now time.Time) {
	fmt.Fprintln(a.Out, join(f.MachineName, f.Domain))
	sections := []section{
		machineSection(f), domainSection(f), controllerSection(f.DC), blobSection(f), partsSection(f.Parts),
	}
	sections = append(sections, certificateSections(f, now)...)
	for _, p := range f.Policies {
		sections = append(sections, policySection(p))
	}
	notes := section{title: "Notes"}
	for _, finding := range f.Findings {
		notes.facts = append(notes.facts, fact{"", finding.Text})
	}
	showSections(a.Out, append(sections, notes))
}

func machineSection(f odj.Facts) section {
	facts := []fact{
		{"Name", f.MachineName},
		{"Account", account(f)},
		{"Account GUID", f.AccountGUID},
		{"Password", f.MachinePassword + " is inside, in clear text: keep the blob as safe as a password"},
		{"Site", f.DC.ClientSite},
	}
	if p := f.JoinProvider2; p != nil {
		site := p.Site
		if site != "" && p.Flags&1 != 0 {
			site += ", for good"
		}
		facts = append(facts, fact{"Site to set", site}, fact{"DNS suffix", p.PrimaryDNSDomain})
	}
	return section{"Machine", facts}
}

func account(f odj.Facts) string {
	if f.AccountSID != "" {
		return f.AccountSID
	}
	if f.Rid != 0 {
		return fmt.Sprintf("RID %d", f.Rid)
	}
	return ""
}

func domainSection(f odj.Facts) section {
	facts := []fact{
		{"Name", names(f.DNSDomain, f.NetBIOSDomain)},
		{"Forest", f.Forest},
		{"SID", f.DomainSID},
		{"GUID", f.DomainGUID},
	}
	if !strings.EqualFold(f.Domain, f.DNSDomain) {
		facts = append(facts, fact{"Asked for as", f.Domain})
	}
	return section{"Domain", facts}
}

// names is "corp.example.com (CORP)".
func names(dns, netbios string) string {
	if dns == "" || netbios == "" {
		return dns + netbios
	}
	return fmt.Sprintf("%s (%s)", dns, netbios)
}

func controllerSection(dc odj.DomainControllerFacts) section {
	var roles []string
	for _, name := range dc.FlagNames {
		roles = append(roles, strings.TrimSuffix(strings.TrimPrefix(name, "DS_"), "_FLAG"))
	}
	return section{"Made by", []fact{
		{"Controller", dc.Name},
		{"Address", dc.Address},
		{"Site", dc.Site},
		{"Flags", strings.Join(roles, " ")},
	}}
}

func blobSection(f odj.Facts) section {
	encoding := map[odj.Encoding]string{
		odj.EncodingDjoin:  "UTF-16 text, as djoin saves it",
		odj.EncodingBase64: "base64 text",
		odj.EncodingBytes:  "the bytes themselves",
	}[f.Encoding]
	return section{"Blob", []fact{{"Fingerprint", f.Fingerprint}, {"Read from", encoding}, {"Formats", formats(f)}}}
}

// formats names the layouts that a blob can hold side by side.
func formats(f odj.Facts) string {
	var list []string
	for _, format := range f.Formats {
		if format.Name == "" {
			format.Name = fmt.Sprintf("number %d", format.Format)
		}
		list = append(list, format.Name)
	}
	return strings.Join(list, ", ")
}

func partsSection(parts []odj.PartFacts) section {
	s := section{title: "Parts"}
	for _, p := range parts {
		name := p.Name
		if name == "" {
			name = "{" + p.Type + "}"
		}
		does := p.Does
		if p.Essential {
			does += "; essential"
		}
		s.facts = append(s.facts, fact{name, does})
	}
	return s
}

func policySection(p odj.PolicyFacts) section {
	s := section{title: "Policy from " + orNobody(p.Source)}
	root := p.RootKeyName
	if root == "" {
		root = fmt.Sprintf("%#x", p.RootKey)
	}
	for _, v := range p.Values {
		kind := v.TypeName
		if kind == "" {
			kind = fmt.Sprintf("type %d", v.Type)
		}
		s.facts = append(s.facts, fact{
			root + `\` + v.Key, fmt.Sprintf("%s  %s, %s", orNobody(v.Name), kind, count(v.Size, "byte", "bytes")),
		})
	}
	return s
}

// orNobody stands in for a name that a blob leaves empty.
func orNobody(name string) string {
	if name == "" {
		return "(no name)"
	}
	return name
}
