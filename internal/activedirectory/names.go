package activedirectory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// maxMachineName is the length of a NetBIOS name without its type byte.
const maxMachineName = 15

// CheckNewName refuses names that no new computer account should have (2724 NERR_InvalidMachineNameForJoin): anything but
// 1 to 15 ASCII letters, digits, hyphens and underscores, beginning and ending with a letter or a digit, not of digits
// alone, and none of Windows' reserved words (documented: naming conventions in Active Directory). Windows accepts more in a
// name that a machine has already, and Samba accepts more in an account (tried); of such a name, no DNS host name can be
// made, or another than Windows would.
func CheckNewName(name string) error {
	why := ""
	switch {
	case name == "":
		why = "it is empty"
	case strings.ContainsFunc(name, func(r rune) bool { return !isNameChar(r) }):
		why = "it may have ASCII letters, digits, - and _ only"
	case len(name) > maxMachineName:
		why = fmt.Sprintf("it has %d characters, and %d are allowed", len(name), maxMachineName)
	case strings.Trim(name, "0123456789") == "":
		why = "it consists of digits"
	case strings.Trim(name, "-_") != name:
		why = "it must begin and end with a letter or a digit"
	case slices.Contains(reservedNames(), strings.ToUpper(name)):
		why = "Windows reserves this word"
	default:
		return nil
	}
	return winerr.Errorf(winerr.InvalidMachineNameForJoin, "no computer account can be made with the name %q: %s; choose "+
		"another machine_name", plaintext.Line(name, plaintext.Name), why)
}

func isNameChar(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// reservedNames are the documented reserved words that could be a machine's name.
func reservedNames() []string {
	return []string{
		"ANONYMOUS", "BATCH", "BUILTIN", "DIALUP", "ENTERPRISE", "INTERACTIVE", "INTERNET", "LOCAL", "NETWORK", "NULL",
		"PROXY", "RESTRICTED", "SELF", "SERVER", "SERVICE", "SYSTEM", "USERS", "WORLD",
	}
}

// BlobNames are names that a blob gives to its machine beside that of its account; empty ones are not given.
type BlobNames struct {
	NetBIOS   string
	Site      string
	DNSDomain string
}

// Check refuses what can be no such name (87). Nobody is asked whether there is such a site or domain.
func (n BlobNames) Check() error {
	switch {
	case len(n.NetBIOS) > maxMachineName:
		return winerr.Errorf(winerr.InvalidParameter, "the NetBIOS name %q has %d characters, and %d are allowed: shorten netbios_name",
			shown(n.NetBIOS), len(n.NetBIOS), maxMachineName)
	case !plaintext.Safe(n.NetBIOS), strings.ContainsAny(n.NetBIOS, `\/:*?"<>|`):
		return winerr.Errorf(winerr.InvalidParameter, "%q is no NetBIOS name of a computer: correct netbios_name", shown(n.NetBIOS))
	case n.Site != "" && !validLabel(n.Site):
		return winerr.Errorf(winerr.InvalidParameter, "%q is not the name of a site: correct persistent_site", shown(n.Site))
	case n.DNSDomain != "" && !validName(n.DNSDomain):
		return winerr.Errorf(winerr.InvalidParameter, "%q is not the DNS name of a domain: correct primary_dns_domain", shown(n.DNSDomain))
	}
	return nil
}

// CheckContainer refuses a text that is no distinguished name below another (87). It asks nobody.
func CheckContainer(dn string) error {
	parsed, err := ldap.ParseDN(dn)
	if err == nil && len(parsed.RDNs) > 1 && parsed.RDNs[0].Attributes[0].Value != "" {
		return nil
	}
	why := "it has fewer than two parts"
	if err != nil {
		why = plaintext.Line(err.Error(), plaintext.Name)
	}
	return winerr.Errorf(winerr.InvalidParameter, "%q is no distinguished name of an OU (%s): write it as "+
		`OU=Web,DC=corp,DC=example,DC=com, with a backslash before each , + " \ < > ; of a name`,
		plaintext.Line(dn, plaintext.Name), why)
}

// SameDN reports whether both are one distinguished name, whatever their spelling. Texts that are none are compared as they
// are.
func SameDN(a, b string) bool {
	x, err1 := ldap.ParseDN(a)
	y, err2 := ldap.ParseDN(b)
	if err1 != nil || err2 != nil {
		return a == b
	}
	return x.EqualFold(y)
}

// withinDN reports whether a distinguished name is that of the domain or below it. What begins with another DC is not: that is
// another domain, or a part of the directory that holds no accounts.
func withinDN(dn, domain string) bool {
	x, err1 := ldap.ParseDN(dn)
	y, err2 := ldap.ParseDN(domain)
	if err1 != nil || err2 != nil || !x.EqualFold(y) && !y.AncestorOfFold(x) {
		return false
	}
	return !slices.ContainsFunc(x.RDNs[:len(x.RDNs)-len(y.RDNs)], func(r *ldap.RelativeDN) bool {
		return strings.EqualFold(r.Attributes[0].Type, "DC")
	})
}

// ParentDN returns the container of an object, by its own distinguished name; "" for none.
func ParentDN(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil || len(parsed.RDNs) < 2 {
		return ""
	}
	parsed.RDNs = parsed.RDNs[1:]
	return parsed.String()
}

// samName returns the sAMAccountName of a machine's account.
func samName(machine string) string { return strings.ToUpper(machine) + "$" }
