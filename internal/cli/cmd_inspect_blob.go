package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

func (a *app) inspect() *cobra.Command {
	return group("inspect", "Tell what a blob or an image is; writes nothing", a.inspectBlob(), a.inspectImage())
}

func (a *app) inspectBlob() *cobra.Command {
	var from blobSource
	cmd := &cobra.Command{
		Use:   "blob FILE",
		Short: "Tell what a blob is for, without its secrets; - is standard input",
		Args:  cobra.ExactArgs(1),
		RunE: a.begin(func(_ context.Context, args []string) error {
			from.file = args[0]
			data, name, err := a.readBlob(from)
			if err != nil {
				return err
			}
			defer clear(data)
			blob, err := odj.Parse(data)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			defer blob.Wipe()
			facts := blob.Facts()
			if a.json {
				return a.printJSON(facts)
			}
			a.showBlob(facts, time.Now())
			return nil
		}),
	}
	identityFlag(cmd, &from)
	return cmd
}

// showBlob prints every field of a blob that is not secret.
func (a *app) showBlob(f odj.Facts, now time.Time) {
	fmt.Fprintln(a.Out, join(f.MachineName, f.Domain))
	sections := []term.Section{
		machineSection(f), domainSection(f), controllerSection(f.DC), blobSection(f), partsSection(f.Parts),
	}
	sections = append(sections, certificateSections(f, now)...)
	for _, p := range f.Policies {
		sections = append(sections, policySection(p))
	}
	notes := term.Section{Title: "Notes"}
	for _, finding := range f.Findings {
		notes.Facts = append(notes.Facts, fact("", finding.Text))
	}
	term.WriteSections(a.Out, append(sections, notes))
}

func machineSection(f odj.Facts) term.Section {
	facts := []term.Fact{
		fact("Name", f.MachineName),
		fact("Account", account(f)),
		fact("Account GUID", f.AccountGUID),
		fact("Password", f.MachinePassword+" is inside, in clear text: keep the blob as safe as a password"),
		fact("Site", f.DC.ClientSite),
	}
	if p := f.JoinProvider2; p != nil {
		site := p.Site
		if site != "" && p.Flags&1 != 0 {
			site += ", for good"
		}
		facts = append(facts, fact("Site to set", site), fact("DNS suffix", p.PrimaryDNSDomain))
	}
	return term.Section{Title: "Machine", Facts: facts}
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

func domainSection(f odj.Facts) term.Section {
	facts := []term.Fact{
		fact("Name", names(f.DNSDomain, f.NetBIOSDomain)),
		fact("Forest", f.Forest),
		fact("SID", f.DomainSID),
		fact("GUID", f.DomainGUID),
	}
	if !strings.EqualFold(f.Domain, f.DNSDomain) {
		facts = append(facts, fact("Asked for as", f.Domain))
	}
	return term.Section{Title: "Domain", Facts: facts}
}

// names is "corp.example.com (CORP)".
func names(dns, netbios string) string {
	if dns == "" || netbios == "" {
		return dns + netbios
	}
	return fmt.Sprintf("%s (%s)", dns, netbios)
}

func controllerSection(dc odj.DomainControllerFacts) term.Section {
	var roles []string
	for _, name := range dc.FlagNames {
		roles = append(roles, strings.TrimSuffix(strings.TrimPrefix(name, "DS_"), "_FLAG"))
	}
	return term.Section{Title: "Made by", Facts: []term.Fact{
		fact("Controller", dc.Name),
		fact("Address", dc.Address),
		fact("Site", dc.Site),
		fact("Flags", strings.Join(roles, " ")),
	}}
}

func blobSection(f odj.Facts) term.Section {
	encoding := map[odj.Encoding]string{
		odj.EncodingDjoin:  "UTF-16 text, as djoin saves it",
		odj.EncodingBase64: "base64 text",
		odj.EncodingBytes:  "the bytes themselves",
	}[f.Encoding]
	return term.Section{Title: "Blob", Facts: []term.Fact{
		fact("Fingerprint", f.Fingerprint), fact("Read from", encoding), fact("Formats", formats(f)),
	}}
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

func partsSection(parts []odj.PartFacts) term.Section {
	s := term.Section{Title: "Parts"}
	for _, p := range parts {
		name := p.Name
		if name == "" {
			name = "{" + p.Type + "}"
		}
		does := p.Does
		if p.Essential {
			does += "; essential"
		}
		s.Facts = append(s.Facts, fact(name, does))
	}
	return s
}

func policySection(p odj.PolicyFacts) term.Section {
	s := term.Section{Title: "Policy from " + orUnnamed(p.Source)}
	root := p.RootKeyName
	if root == "" {
		root = fmt.Sprintf("%#x", p.RootKey)
	}
	for _, v := range p.Values {
		kind := v.TypeName
		if kind == "" {
			kind = fmt.Sprintf("type %d", v.Type)
		}
		s.Facts = append(s.Facts, fact(
			root+`\`+v.Key, fmt.Sprintf("%s  %s, %s", orUnnamed(v.Name), kind, term.Count(v.Size, "byte", "bytes")),
		))
	}
	return s
}

// orUnnamed stands in for a name that a blob leaves empty.
func orUnnamed(name string) string {
	if name == "" {
		return "(no name)"
	}
	return name
}

// certificateSections are about what a blob brings for the machine's certificate stores.
func certificateSections(f odj.Facts, now time.Time) []term.Section {
	var sections []term.Section
	for _, p := range f.PFX {
		s := term.Section{Title: "Certificate with private key, template " + orUnnamed(p.Template), Facts: []term.Fact{
			fact("PKCS #12", pfx(p)),
			fact("Policy server", p.PolicyServer),
			fact("Problem", p.Problem),
		}}
		s.Facts = append(s.Facts, certificates(p.Certificates, now)...)
		sections = append(sections, s)
	}
	for _, store := range f.Stores {
		s := term.Section{Title: "Certificates for the store " + orUnnamed(store.Name), Facts: []term.Fact{
			fact("Place", store.LocationName),
			fact("Also", lists(store)),
			fact("Problem", store.Problem),
		}}
		s.Facts = append(s.Facts, certificates(store.Certificates, now)...)
		sections = append(sections, s)
	}
	return sections
}

// pfx describes what a PKCS #12 file shows without its password.
func pfx(p odj.PFXFacts) string {
	say := []string{term.Count(p.Size, "byte", "bytes")}
	if p.ClosedSafes > 0 {
		say = append(say, term.Count(p.ClosedSafes, "part", "parts")+" closed by a password")
	}
	if p.SealedKeys > 0 {
		say = append(say, term.Count(p.SealedKeys, "encrypted key", "encrypted keys"))
	}
	if p.OpenKeys > 0 {
		say = append(say, term.Count(p.OpenKeys, "key that is", "keys that are")+" not encrypted")
	}
	if len(p.Encryption) > 0 {
		say = append(say, strings.Join(p.Encryption, " and "))
	}
	if p.Integrity != "" {
		say = append(say, "sealed by "+p.Integrity)
	}
	return strings.Join(say, ", ")
}

func lists(s odj.StoreFacts) string {
	var say []string
	if s.CRLs > 0 {
		say = append(say, term.Count(s.CRLs, "revocation list", "revocation lists"))
	}
	if s.TrustLists > 0 {
		say = append(say, term.Count(s.TrustLists, "trust list", "trust lists"))
	}
	if s.Unread > 0 {
		say = append(say, term.Count(s.Unread, "certificate", "certificates")+" that cannot be read")
	}
	return strings.Join(say, ", ")
}

func certificates(list []odj.CertificateFacts, now time.Time) []term.Fact {
	var facts []term.Fact
	for _, c := range list {
		issuer := c.Issuer
		if issuer == c.Subject {
			issuer = "itself"
		}
		facts = append(facts,
			fact("Certificate", c.Subject),
			fact("  valid", validity(c, now)),
			fact("  issued by", issuer),
			fact("  thumbprint", c.Thumbprint))
	}
	return facts
}

func validity(c odj.CertificateFacts, now time.Time) string {
	days := fmt.Sprintf("%s to %s", c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	switch {
	case now.After(c.NotAfter):
		return days + ", EXPIRED"
	case now.Before(c.NotBefore):
		return days + ", NOT YET"
	}
	return days
}
