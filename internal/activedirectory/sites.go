package activedirectory

import (
	"context"

	"github.com/go-ldap/ldap/v3"
)

// mostSites bounds a search for sites: what a controller of Windows gives in one answer (MaxPageSize, [MS-ADTS] 3.1.1.3.4.6).
const mostSites = 1000

// Sites returns the names of the forest's sites that this user can see, with one search. all is false when there are more than
// were read, or none can be seen, so that nothing follows of a name that is not among them. Every user of the domain may read
// them, unless somebody has forbidden it.
func (s *Session) Sites(ctx context.Context, d Domain) (names []string, all bool, err error) {
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: "CN=Sites," + d.Configuration, Scope: ldap.ScopeSingleLevel, SizeLimit: mostSites, Filter: "(objectClass=site)",
		Attributes: []string{"name"},
	})
	switch {
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultSizeLimitExceeded):
		return nil, false, nil
	case err != nil:
		return nil, false, s.explain(err, "the sites of the forest cannot be read")
	}
	for _, e := range r.Entries {
		if name := e.GetAttributeValue("name"); name != "" {
			names = append(names, name)
		}
	}
	return names, len(names) > 0 && len(names) < mostSites, nil
}
