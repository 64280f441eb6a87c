package activedirectory

import (
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// entryOf is an account as a controller could send it.
func entryOf(guid, sid, descriptor []byte, control, set, text string) *ldap.Entry {
	e := &ldap.Entry{DN: "CN=X\x1b[2J,DC=odj,DC=test"}
	for name, value := range map[string][]byte{
		"objectGUID": guid, "objectSID": sid, "nTSecurityDescriptor": descriptor, "mS-DS-CreatorSID": sid,
		"userAccountControl": []byte(control), "PWDLASTSET": []byte(set), "description": []byte(text),
		"operatingSystem": []byte(text), "sAMAccountName": []byte("X$"), "objectClass": []byte("computer"),
	} {
		if len(value) > 0 {
			e.Attributes = append(e.Attributes, &ldap.EntryAttribute{Name: name, Values: []string{string(value)}, ByteValues: [][]byte{value}})
		}
	}
	return e
}

func TestNewAccount(t *testing.T) {
	t.Parallel()
	guid, sid := decoded(t, "21761c6389522143bc9e80f843f868c3"), decoded(t, "0105000000000005150000000100000002000000030000005104"+"0000")
	a, err := newAccount(entryOf(guid, sid, decoded(t, ownerDescriptor), "-2147479552", "134400000001234567", "mine"))
	if err != nil {
		t.Fatal(err)
	}
	if a.GUID != "631c7621-5289-4321-bc9e-80f843f868c3" || a.SID != "S-1-5-21-1-2-3-1105" || a.Rid() != 1105 || a.CreatorSID != a.SID ||
		a.Control != 0x80001000 || control(a.Control) != "-2147479552" || a.PasswordLastSet != 134400000001234567 || a.Name != "X" ||
		a.Own != "mine" || !a.Computer || strings.ContainsRune(a.DN, 0x1b) {
		t.Errorf("%+v", a)
	}
	for name, e := range map[string]*ldap.Entry{
		"no GUID":        entryOf(nil, sid, nil, "4096", "1", ""),
		"short GUID":     entryOf(guid[:15], sid, nil, "4096", "1", ""),
		"no SID":         entryOf(guid, nil, nil, "4096", "1", ""),
		"cut SID":        entryOf(guid, sid[:20], nil, "4096", "1", ""),
		"cut descriptor": entryOf(guid, sid, []byte{1, 0, 4}, "4096", "1", ""),
		"no number":      entryOf(guid, sid, nil, "x", "1", ""),
		"negative time":  entryOf(guid, sid, nil, "4096", "-1", ""),
	} {
		if a, err := newAccount(e); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// An account is in its OU whatever the OU is called: a line shows less of a name than the directory has.
func TestAccountIsInItsOU(t *testing.T) {
	t.Parallel()
	guid, sid := decoded(t, "21761c6389522143bc9e80f843f868c3"), decoded(t, "0105000000000005150000000100000002000000030000005104"+"0000")
	for _, name := range []string{"Web", "a\u00a0b", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", strings.Repeat("long ", 100) + "x", `"quoted, and more"`} {
		ou := "OU=" + ldap.EscapeDN(name) + ",DC=odj,DC=test"
		e := entryOf(guid, sid, nil, "4096", "1", "")
		e.DN = "CN=X," + ou
		a, err := newAccount(e)
		must(t, err)
		if !a.In(ou) || a.In("DC=odj,DC=test") || a.DN != shown(e.DN) {
			t.Errorf("%q: %+v", name, a)
		}
	}
}

// fleetConnection answers a search for markers as a controller does, from more accounts than one answer may have.
type fleetConnection struct {
	connection
	entries []*ldap.Entry
}

func (c *fleetConnection) Search(r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	var wanted []string
	for _, part := range strings.Split(r.Filter, "(description=*")[1:] {
		text, _, _ := strings.Cut(part, "*)")
		wanted = append(wanted, text)
	}
	result := &ldap.SearchResult{}
	for _, e := range c.entries {
		for _, text := range wanted {
			if !strings.Contains(e.GetAttributeValue("description"), text) {
				continue
			}
			if len(result.Entries) == r.SizeLimit {
				return result, ldap.NewError(ldap.LDAPResultSizeLimitExceeded, nil)
			}
			result.Entries = append(result.Entries, e)
			break
		}
	}
	return result, nil
}

// What a broken run has left is found among any number of accounts that are staged, whose markers stay.
func TestMarkedAmongAFleet(t *testing.T) {
	t.Parallel()
	guid, sid := decoded(t, "21761c6389522143bc9e80f843f868c3"), decoded(t, "0105000000000005150000000100000002000000030000005104"+"0000")
	c := &fleetConnection{}
	add := func(text string) { c.entries = append(c.entries, entryOf(guid, sid, nil, "4096", "1", text)) }
	for range mostMarked {
		add("web server " + pending().With(MarkerStaged, time.Now()).String())
	}
	add(pending().String())
	add("mine " + pending().With(MarkerFailed, time.Now()).String())
	s := &Session{conn: c, timeout: time.Minute, abort: func() {}}
	found, err := s.Marked(t.Context(), Domain{DN: "DC=odj,DC=test"}, []MarkerState{MarkerPending, MarkerFailed}, nil)
	if err != nil || len(found) != 2 || found[0].Marker.State != MarkerPending || found[1].Own != "mine" {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err = s.Marked(t.Context(), Domain{}, []MarkerState{MarkerStaged}, func(a *Account) bool { return a.Own == "" }); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

// containerConnection answers a search for an OU.
type containerConnection struct {
	connection
	children []string // classes of what may be below it
}

func (c containerConnection) Search(r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	return &ldap.SearchResult{Entries: []*ldap.Entry{ldap.NewEntry(r.BaseDN, map[string][]string{"allowedChildClasses": c.children})}}, nil
}

// What is no place for an account of this domain is refused before one is made there.
func TestContainerTakesComputers(t *testing.T) {
	t.Parallel()
	d := Domain{DN: "DC=odj,DC=test", Configuration: "CN=Configuration,DC=odj,DC=test", DNSName: "odj.test"}
	session := func(children ...string) *Session {
		return &Session{conn: containerConnection{children: children}, timeout: time.Minute, abort: func() {}}
	}
	for _, children := range [][]string{nil, {"user", "Computer"}} { // nil: it does not say
		if c, err := session(children...).Container(t.Context(), d, "OU=Web,DC=odj,DC=test"); err != nil || c.DN != "OU=Web,DC=odj,DC=test" {
			t.Errorf("%q: %+v, %v", children, c, err)
		}
	}
	_, err := session("classStore").Container(t.Context(), d, "CN=Administrator,CN=Users,DC=odj,DC=test")
	wantCode(t, err, winerr.InvalidParameter, "CN=Administrator,CN=Users", "takes no computer accounts")
	for _, dn := range []string{"CN=Sites,CN=Configuration,DC=odj,DC=test", "DC=DomainDnsZones,DC=odj,DC=test", "OU=Web,DC=child,DC=odj,DC=test"} {
		_, err = session("computer").Container(t.Context(), d, dn)
		wantCode(t, err, winerr.InvalidParameter, "is not in the domain odj.test")
	}
}

// Whatever a controller sends of an account, it is one with an identity, and with texts for a line, or an error.
func FuzzNewAccount(f *testing.F) {
	f.Add(decoded(f, "21761c6389522143bc9e80f843f868c3"), decoded(f, everyone), decoded(f, ownerDescriptor), "4096", "1", "mine")
	f.Add([]byte{}, []byte{}, []byte{}, "", "", pending().String())
	f.Fuzz(func(t *testing.T, guid, sid, descriptor []byte, control, set, text string) {
		a, err := newAccount(entryOf(guid, sid, descriptor, control, set, text))
		if err != nil {
			return
		}
		if _, err := guidDN(a.GUID); err != nil || !strings.HasPrefix(a.SID, "S-1-") || joinDescription(a.Own, a.Marker) != text {
			t.Errorf("%+v, %v", a, err)
		}
		if a.OperatingSystem != shown(a.OperatingSystem) || a.PasswordLastSet < 0 {
			t.Errorf("%+v", a)
		}
	})
}
