package activedirectory

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestCheckNewName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"WEB01", "web-01", "a", "A_1", "123456789012345"[:14] + "x", "0x"} {
		if err := CheckNewName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, why := range map[string]string{
		"": "it is empty", "12345": "digits", "A234567890123456": "16 characters", "web.01": "ASCII letters", "wéb01": "ASCII letters",
		"-web": "begin and end", "web-": "begin and end", "_web": "begin and end", "web 01": "ASCII letters", "CN=web": "ASCII letters",
		"web*": "ASCII letters", "web)(cn=*": "ASCII letters", "web\x00": "ASCII letters", "web$": "ASCII letters", "Server": "reserves",
		"web\n01": "ASCII letters", `web\2a`: "ASCII letters", "web\u202e": "ASCII letters",
	} {
		wantCode(t, CheckNewName(name), winerr.InvalidMachineNameForJoin, why)
	}
}

func TestCheckContainer(t *testing.T) {
	t.Parallel()
	for _, dn := range []string{
		"OU=Web,DC=corp,DC=example,DC=com", "CN=Computers,DC=odj,DC=test", `OU=a\,b\+c\#d\"e\\f,DC=odj,DC=test`, "OU=Zürich,DC=odj,DC=test",
		`OU=Z\C3\BCrich,DC=odj,DC=test`,
	} {
		if err := CheckContainer(dn); err != nil {
			t.Errorf("%q: %v", dn, err)
		}
	}
	for _, dn := range []string{"Web", "OU=Web", "OU=Web,", ",DC=odj", "OU=,DC=odj", `OU=a,b,DC=odj`, `OU=a"b,DC=odj\`, "OU=Web;DC=odj\x00", "\xff"} {
		wantCode(t, CheckContainer(dn), winerr.InvalidParameter, "no distinguished name")
	}
}

func TestCheckBlobNames(t *testing.T) {
	t.Parallel()
	for _, n := range []BlobNames{{}, {"WEB01", "Site-1", "eu.corp.example.com"}, {"WEB 01!", "Zürich", "corp"}} {
		if err := n.Check(); err != nil {
			t.Errorf("%+v: %v", n, err)
		}
	}
	for why, n := range map[string]BlobNames{
		"16 characters": {NetBIOS: "A234567890123456"}, "netbios_name": {NetBIOS: "web\x01"}, "NetBIOS name": {NetBIOS: "web\xff"},
		`"web*"`: {NetBIOS: "web*"}, "persistent_site": {Site: "No Such Site"}, "name of a site": {Site: "a.b"},
		"primary_dns_domain": {DNSDomain: "not a domain!"}, "DNS name": {DNSDomain: "corp..com"},
	} {
		wantCode(t, n.Check(), winerr.InvalidParameter, why)
	}
}

func TestDistinguishedNamesAreCompared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dn, domain   string
		same, within bool
	}{
		{"dc=odj, dc=test", "DC=odj,DC=test", true, true},
		{"OU=Web,DC=odj,DC=test", "DC=odj,DC=test", false, true},
		{"OU=Web,DC=other,DC=test", "DC=odj,DC=test", false, false},
		{`OU=x\,DC\=odj\,DC\=test`, "DC=odj,DC=test", false, false},
		{"nonsense", "DC=odj,DC=test", false, false},
		{"OU=Web,DC=child,DC=odj,DC=test", "DC=odj,DC=test", false, false}, // another domain
		{"dc=DomainDnsZones,DC=odj,DC=test", "DC=odj,DC=test", false, false},
	} {
		if SameDN(c.dn, c.domain) != c.same || withinDN(c.dn, c.domain) != c.within {
			t.Errorf("%q and %q: same %v, within %v", c.dn, c.domain, SameDN(c.dn, c.domain), withinDN(c.dn, c.domain))
		}
	}
}

// Whatever the name of an OU is, an object in it has that OU as its parent.
func TestParentOfAnyName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune(`ab ,+#"\<>;=/é*()`)), 1, 12, -1).Draw(t, "name")
		ou := "OU=" + ldap.EscapeDN(name) + ",DC=odj,DC=test"
		dn := "CN=WEB01," + ou
		if got := ParentDN(dn); !SameDN(got, ou) {
			t.Errorf("parent of %q is %q", dn, got)
		}
		if !strings.HasPrefix(dn, "CN=WEB01,") || !withinDN(dn, "DC=odj,DC=test") {
			t.Errorf("%q is not in its domain", dn)
		}
	})
}
