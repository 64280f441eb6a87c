package activedirectory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Domain is what a join needs to know of a domain. The texts are as the directory has them.
type Domain struct {
	DN            string // of the domain, such as DC=corp,DC=example,DC=com
	Configuration string // DN of the forest's configuration
	DNSName       string // such as corp.example.com
	NetBIOSName   string // such as CORP
	Forest        string // DNS name of the forest
	GUID          string // objectGUID of the domain, lower case
	SID           string // of the domain
	ForestSID     string // of the forest's root domain; that of the domain when it cannot be read
	Computers     string // DN of the container for computers without an OU, by wellKnownObjects
}

// computersContainer is GUID_COMPUTERS_CONTAINER_W in an attribute of syntax Object(DN-Binary) ([MS-ADTS] 6.1.1.4).
const computersContainer = "B:32:AA312825768811D1ADED00C04FD8D5CD:"

// Domain reads the facts of the session's domain: four searches. Errors: 1355 where the controller does not say what it
// serves.
func (s *Session) Domain(ctx context.Context) (Domain, error) {
	root, err := s.one(ctx, "", "(objectClass=*)", "defaultNamingContext", "configurationNamingContext", "rootDomainNamingContext")
	if err != nil {
		return Domain{}, err
	}
	d := Domain{
		DN: root.GetAttributeValue("defaultNamingContext"), Configuration: root.GetAttributeValue("configurationNamingContext"),
		Forest: s.dc.Forest,
	}
	if err := s.readDomain(ctx, &d); err != nil {
		return Domain{}, err
	}
	if err := s.readPartition(ctx, &d); err != nil {
		return Domain{}, err
	}
	d.ForestSID = d.SID
	if forest := root.GetAttributeValue("rootDomainNamingContext"); !SameDN(forest, d.DN) {
		if e, err := s.one(ctx, forest, "(objectClass=*)", "objectSid"); err == nil { // another domain's; few controllers hold it
			if sid, err := sidText(e.GetRawAttributeValue("objectSid")); err == nil {
				d.ForestSID = sid
			}
		}
	}
	return d, nil
}

func (s *Session) readDomain(ctx context.Context, d *Domain) error {
	e, err := s.one(ctx, d.DN, "(objectClass=*)", "objectGUID", "objectSid", "wellKnownObjects")
	if err != nil {
		return err
	}
	var errGUID, errSID error
	d.GUID, errGUID = binaryGUID(e.GetRawAttributeValue("objectGUID"))
	d.SID, errSID = sidText(e.GetRawAttributeValue("objectSid"))
	if err := errors.Join(errGUID, errSID); err != nil {
		return s.unusable("the domain has no usable identity: %w", err)
	}
	for _, value := range e.GetAttributeValues("wellKnownObjects") {
		if len(value) > len(computersContainer) && strings.EqualFold(value[:len(computersContainer)], computersContainer) {
			d.Computers = value[len(computersContainer):]
		}
	}
	return nil
}

// readPartition finds the domain's names in its crossRef object ([MS-ADTS] 6.1.1.2.1.1).
func (s *Session) readPartition(ctx context.Context, d *Domain) error {
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: "CN=Partitions," + d.Configuration, Scope: ldap.ScopeSingleLevel, SizeLimit: 2,
		Filter:     "(&(objectClass=crossRef)(nCName=" + ldap.EscapeFilter(d.DN) + "))",
		Attributes: []string{"nETBIOSName", "dnsRoot"},
	})
	if err != nil {
		return s.explain(err, "the names of the domain cannot be read")
	}
	if len(r.Entries) != 1 {
		return s.unusable("its configuration has %d entries for the domain", len(r.Entries))
	}
	d.NetBIOSName, d.DNSName = r.Entries[0].GetAttributeValue("nETBIOSName"), r.Entries[0].GetAttributeValue("dnsRoot")
	if d.NetBIOSName == "" || d.DNSName == "" {
		return s.unusable("its configuration does not name the domain")
	}
	if d.Forest == "" {
		d.Forest = d.DNSName
	}
	return nil
}

// unusable is about a controller that answers what no controller of a domain would.
func (s *Session) unusable(format string, args ...any) error {
	return winerr.Errorf(winerr.NoSuchDomain, "%s cannot be used: "+format+": name another domain controller in dc",
		append([]any{s.dc.Host}, args...)...)
}

// one reads one object.
func (s *Session) one(ctx context.Context, dn, filter string, attributes ...string) (*ldap.Entry, error) {
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: dn, Scope: ldap.ScopeBaseObject, Filter: filter, Attributes: attributes,
	})
	if err != nil {
		return nil, s.explain(err, "%q cannot be read", shown(dn))
	}
	if len(r.Entries) != 1 {
		return nil, s.unusable("%q is not there", shown(dn))
	}
	return r.Entries[0], nil
}

// Container is where a new account goes.
type Container struct {
	DN string
	// MayCreate reports whether the directory lists computers among what this user may make there (attribute
	// allowedChildClassesEffective). A user without it may still have the right by the domain's quota.
	MayCreate bool
}

// Container returns the OU or container for a new account: that with a distinguished name, or the domain's own for computers
// when dn is empty. Errors: 87 for a text that is no name, or not of this domain, and for what takes no computers; 2
// for one that is not there, with the nearest one that is.
func (s *Session) Container(ctx context.Context, d Domain, dn string) (Container, error) {
	if dn == "" {
		dn = d.Computers
		if dn == "" {
			return Container{}, winerr.Errorf(winerr.FileNotFound, "%s does not say where accounts without an OU go: set ou",
				d.DNSName)
		}
	} else if err := CheckContainer(dn); err != nil {
		return Container{}, err
	} else if !withinDN(dn, d.DN) || withinDN(dn, d.Configuration) {
		return Container{}, winerr.Errorf(winerr.InvalidParameter, "the OU %q is not in the domain %s, whose name ends with %s: "+
			"write the whole name", shown(dn), d.DNSName, d.DN)
	}
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: dn, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)",
		Attributes: []string{"objectClass", "allowedChildClasses", "allowedChildClassesEffective"},
	})
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return Container{}, winerr.Errorf(winerr.FileNotFound, "the OU %q does not exist%s: make it, or correct ou", shown(dn),
			s.nearest(ctx, d, dn))
	case err != nil:
		return Container{}, s.explain(err, "the OU %q cannot be read", shown(dn))
	case len(r.Entries) != 1:
		return Container{}, winerr.Errorf(winerr.FileNotFound, "the OU %q cannot be seen by this user: correct ou, or let the user "+
			"read it", shown(dn))
	}
	computer := func(class string) bool { return strings.EqualFold(class, "computer") }
	if all := r.Entries[0].GetAttributeValues("allowedChildClasses"); len(all) > 0 && !slices.ContainsFunc(all, computer) {
		return Container{}, winerr.Errorf(winerr.InvalidParameter, "%q takes no computer accounts, whoever makes them: correct ou", shown(dn))
	}
	effective := r.Entries[0].GetAttributeValues("allowedChildClassesEffective")
	return Container{DN: r.Entries[0].DN, MayCreate: slices.ContainsFunc(effective, computer)}, nil
}

// mostParents bounds how far up the nearest container is looked for.
const mostParents = 10

// nearest returns a part of a sentence with the nearest container that exists.
func (s *Session) nearest(ctx context.Context, d Domain, dn string) string {
	for range mostParents {
		dn = ParentDN(dn)
		if dn == "" || !withinDN(dn, d.DN) {
			return ""
		}
		if e, err := s.one(ctx, dn, "(objectClass=*)", "objectClass"); err == nil {
			return "; " + shown(e.DN) + " does"
		}
	}
	return ""
}
