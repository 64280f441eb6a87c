package cli

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// showBlob tells everything of a blob that is not secret.
func (a *app) showBlob(f odj.Facts) {
	fmt.Fprintln(a.Out, join(f.MachineName, f.Domain))
	facts := []fact{
		{"Domain", names(f.DNSDomain, f.NetBIOSDomain)},
		{"Forest", f.Forest},
		{"Domain SID", f.DomainSID},
		{"Domain GUID", f.DomainGUID},
		{"Account", account(f)},
		{"Made by", controller(f.DC.DomainController)},
		{"Site", f.DC.ClientSite},
		{"Password", f.MachinePassword + " is inside, in clear text: keep the blob as safe as a password"},
		{"Fingerprint", f.Fingerprint},
		{"Formats", formats(f)},
		{"Parts", parts(f)},
	}
	for _, c := range f.Certificates {
		facts = append(facts,
			fact{"Certificate", fmt.Sprintf("template %s, with private key, %d bytes", c.Template, c.PFXSize)})
	}
	for _, s := range f.Stores {
		facts = append(facts, fact{"Certificates", fmt.Sprintf("store %s, %d bytes", s.Name, s.Size)})
	}
	for _, p := range f.Policies {
		facts = append(facts, fact{"Policy", fmt.Sprintf("%s, %s", p.Source, count(len(p.Values), "value", "values"))})
	}
	for _, finding := range f.Findings {
		facts = append(facts, fact{"Note", finding})
	}
	showFacts(a.Out, facts...)
}

// names is "corp.example.com (CORP)".
func names(dns, netbios string) string {
	if dns == "" || netbios == "" {
		return dns + netbios
	}
	return fmt.Sprintf("%s (%s)", dns, netbios)
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

func controller(dc odj.DomainController) string {
	line := dc.Name
	if dc.Address != "" {
		line += " at " + dc.Address
	}
	if dc.Site != "" {
		line += ", site " + dc.Site
	}
	return line
}

// formats names the two layouts that a blob can hold side by side.
func formats(f odj.Facts) string {
	var list []string
	for _, format := range f.Formats {
		name := map[uint32]string{1: "Windows 7", 2: "Windows 8"}[format.Format]
		if name == "" {
			name = fmt.Sprintf("number %d", format.Format)
		}
		list = append(list, fmt.Sprintf("%s, %d bytes", name, format.Size))
	}
	return strings.Join(list, "; ")
}

func parts(f odj.Facts) string {
	var list []string
	for _, p := range f.Parts {
		name := p.Name
		if name == "" {
			name = p.Type
		}
		list = append(list, fmt.Sprintf("%s, %d bytes", name, p.Size))
	}
	return strings.Join(list, "; ")
}
