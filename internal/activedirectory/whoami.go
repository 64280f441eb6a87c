package activedirectory

import (
	"context"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// WhoAmI returns the SID of the user who is logged on, by the token that the controller made ([MS-ADTS] 3.1.1.3.2.25,
// tokenGroups of the rootDSE): the first SID in it that is a user's or a computer's of this domain, else the first at all
// (tried with Samba: it is the user's; promised is the set only).
func (s *Session) WhoAmI(ctx context.Context) (string, error) {
	root, err := s.one(ctx, "", "(objectClass=*)", "tokenGroups")
	if err != nil {
		return "", err
	}
	first := ""
	for _, raw := range root.GetRawAttributeValues("tokenGroups") {
		sid, err := sidText(raw)
		if err != nil || !strings.HasPrefix(sid, "S-1-5-21-") {
			continue
		}
		if first == "" {
			first = sid
		}
		if e, err := s.one(ctx, "<SID="+sid+">", "(objectClass=*)", "objectClass"); err == nil &&
			slices.Contains(e.GetAttributeValues("objectClass"), "user") {
			return sid, nil
		}
	}
	if first == "" {
		return "", s.unusable("it does not say who is logged on")
	}
	return first, nil
}

// Owners returns the SIDs of trusted owners: of users or groups of the domain by name (sAMAccountName, with or without
// DOMAIN\ in front), or SIDs as they are. Errors: 1317 for a name that the domain does not have.
func (s *Session) Owners(ctx context.Context, d Domain, trusted []string) ([]string, error) {
	var sids []string
	for _, name := range trusted {
		if strings.HasPrefix(strings.ToUpper(name), "S-1-") {
			sids = append(sids, strings.ToUpper(name))
			continue
		}
		domain, account, qualified := strings.Cut(name, `\`)
		if !qualified {
			domain, account = d.NetBIOSName, name
		}
		if !strings.EqualFold(domain, d.NetBIOSName) && !strings.EqualFold(domain, d.DNSName) {
			return nil, winerr.Errorf(winerr.InvalidParameter, "the trusted owner %q is of another domain than %s: give its SID",
				plaintext.Line(name, plaintext.Name), d.DNSName)
		}
		r, err := s.search(ctx, &ldap.SearchRequest{
			BaseDN: d.DN, Scope: ldap.ScopeWholeSubtree, SizeLimit: 1, Attributes: []string{"objectSid"},
			Filter: "(sAMAccountName=" + ldap.EscapeFilter(account) + ")",
		})
		if err != nil {
			return nil, s.explain(err, "the trusted owner %q cannot be looked up", shown(name))
		}
		if len(r.Entries) == 0 {
			return nil, winerr.Errorf(winerr.NoSuchUser, "%s has no user or group %q: correct trusted_owners", d.DNSName, shown(name))
		}
		sid, err := sidText(r.Entries[0].GetRawAttributeValue("objectSid"))
		if err != nil {
			return nil, s.unusable("%q has no usable SID: %w", shown(name), err)
		}
		sids = append(sids, sid)
	}
	return sids, nil
}

// MemberOf returns the SIDs of the groups that a user or group of the domain is in, directly or not (attribute tokenGroups);
// none when this user may not read them.
func (s *Session) MemberOf(ctx context.Context, sid string) []string {
	if !strings.HasPrefix(sid, "S-1-5-21-") {
		return nil
	}
	e, err := s.one(ctx, "<SID="+sid+">", "(objectClass=*)", "tokenGroups")
	if err != nil {
		return nil
	}
	var groups []string
	for _, raw := range e.GetRawAttributeValues("tokenGroups") {
		if group, err := sidText(raw); err == nil {
			groups = append(groups, group)
		}
	}
	return groups
}
