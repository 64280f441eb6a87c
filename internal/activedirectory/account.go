package activedirectory

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Account is a computer account as one domain controller has it. DN, OperatingSystem and DNSHostName are safe for a line; the
// rest is as the directory has it, or made of numbers.
type Account struct {
	Name       string // sAMAccountName without its final $
	DN         string
	GUID       string // objectGUID, lower case; it stays when the account is moved or renamed
	SID        string
	OwnerSID   string // of the security descriptor; "" when it cannot be read
	CreatorSID string // mS-DS-CreatorSID: of a user who made the account by the domain's quota; mostly ""

	Control  uint32 // userAccountControl, Control…
	Computer bool   // its object class is computer, or one below it
	Service  bool   // its object class is one of a managed service account

	PasswordLastSet FileTime // pwdLastSet: which password the account has; equal means the same
	LastLogon       FileTime // the later of lastLogonTimestamp and lastLogon; 0: never
	OperatingSystem string   // written by Windows itself after it has joined
	DNSHostName     string

	Own    string // description without the marker
	Marker Marker // of the description
	text   string // description, as it must be named to be replaced
	dn     string // as the directory has it; "": as DN
}

// Bits of userAccountControl ([MS-ADTS] 2.2.16).
const (
	ControlDisabled         = 0x00000002
	ControlWorkstationTrust = 0x00001000
	ControlServerTrust      = 0x00002000 // a domain controller
	ControlPartialSecrets   = 0x04000000 // a read-only domain controller
)

// Live reports whether a machine has used the account, and by what that shows.
func (a *Account) Live() (live bool, why string) {
	switch {
	case a.LastLogon != 0:
		return true, "last logon " + a.LastLogon.Time().Format("2006-01-02 15:04") + " UTC"
	case a.OperatingSystem != "":
		return true, "operating system " + a.OperatingSystem
	}
	return false, ""
}

// Disabled reports whether nobody can log on with the account.
func (a *Account) Disabled() bool { return a.Control&ControlDisabled != 0 }

// In reports whether the account is directly in the OU or container. It goes by the name that the directory has, which may
// hold characters that no line shows, and be longer than one.
func (a *Account) In(container string) bool { return SameDN(ParentDN(cmp.Or(a.dn, a.DN)), container) }

// Rid returns the last number of the account's SID, 0 when there is none.
func (a *Account) Rid() uint32 {
	n, err := strconv.ParseUint(a.SID[strings.LastIndexByte(a.SID, '-')+1:], 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// FileTime is a time of Windows: units of 100 ns since 1601-01-01 UTC ([MS-DTYP] 2.3.3). Times of one attribute are compared
// exactly, so it is written with all its digits.
type FileTime int64

const (
	fileTimeEpoch  = 116444736000000000 // 1970-01-01 as a FileTime
	fileTimeLayout = "2006-01-02T15:04:05.0000000Z"
)

// Time returns the time in UTC.
func (t FileTime) Time() time.Time {
	n := int64(t) - fileTimeEpoch
	return time.Unix(n/1e7, n%1e7*100).UTC()
}

// String returns the time as RFC 3339 with seven digits after the point, and "" for 0.
func (t FileTime) String() string {
	if t == 0 {
		return ""
	}
	return t.Time().Format(fileTimeLayout)
}

// MarshalText is String.
func (t FileTime) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is the mirror of MarshalText.
func (t *FileTime) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = 0
		return nil
	}
	at, err := time.Parse(fileTimeLayout, string(text))
	if err != nil {
		return fmt.Errorf("%q is no time like %s", plaintext.Line(string(text), plaintext.Name), fileTimeLayout)
	}
	*t = FileTime(at.Unix()*1e7 + int64(at.Nanosecond()/100) + fileTimeEpoch)
	return nil
}

// Bytes returns the time as eight bytes, little endian.
func (t FileTime) Bytes() []byte { return binary.LittleEndian.AppendUint64(nil, uint64(t)) }

// ownerOnly is the control LDAP_SERVER_SD_FLAGS_OID with OWNER_SECURITY_INFORMATION ([MS-ADTS] 3.1.1.3.4.1.11): without it, a
// user who may not read audit rules gets no security descriptor at all.
func ownerOnly() ldap.Control {
	return ldap.NewControlString("1.2.840.113556.1.4.801", true, "\x30\x03\x02\x01\x01")
}

func accountAttributes() []string {
	return []string{
		"objectClass", "sAMAccountName", "objectSid", "objectGUID", "userAccountControl", "pwdLastSet", "lastLogonTimestamp",
		"lastLogon", "mS-DS-CreatorSID", "nTSecurityDescriptor", "operatingSystem", "dNSHostName", "description",
	}
}

// Find returns the account of a machine, and nil when there is none. The name is "WEB01", without "$".
func (s *Session) Find(ctx context.Context, d Domain, machine string) (*Account, error) {
	found, err := s.accounts(ctx, &ldap.SearchRequest{
		BaseDN: d.DN, Scope: ldap.ScopeWholeSubtree, SizeLimit: 2,
		Filter: "(sAMAccountName=" + ldap.EscapeFilter(samName(machine)) + ")",
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil // sAMAccountName is unique in a domain
}

// FindGUID returns the account with an objectGUID, wherever it was moved to, and nil when there is none.
func (s *Session) FindGUID(ctx context.Context, guid string) (*Account, error) {
	dn, err := guidDN(guid)
	if err != nil {
		return nil, err
	}
	found, err := s.accounts(ctx, &ldap.SearchRequest{BaseDN: dn, Scope: ldap.ScopeBaseObject, Filter: "(objectSid=*)"})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// FindDN returns the account with a distinguished name, in whatever spelling, and nil when there is none. Errors: 87 for a text
// that is no such name.
func (s *Session) FindDN(ctx context.Context, dn string) (*Account, error) {
	if err := CheckContainer(dn); err != nil {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%q is no distinguished name of an account: write it as "+
			"CN=WEB01,OU=Web,DC=corp,DC=example,DC=com", shown(dn))
	}
	found, err := s.accounts(ctx, &ldap.SearchRequest{BaseDN: dn, Scope: ldap.ScopeBaseObject, Filter: "(objectSid=*)"})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// Object is an object of any kind.
type Object struct {
	DN   string
	Kind string // such as "contact", in words
}

// Named returns the object, of whatever kind, that has in a container the name which the account of a machine would have there,
// and nil when there is none that this user can see. Names are unique among the objects of one container, whatever attribute
// they are made of ([MS-ADTS] 3.1.1.3.1.2.1).
func (s *Session) Named(ctx context.Context, container, machine string) (*Object, error) {
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: container, Scope: ldap.ScopeSingleLevel, SizeLimit: 2, Filter: "(name=" + ldap.EscapeFilter(machine) + ")",
		Attributes: []string{"objectClass"},
	})
	if err != nil && !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		return nil, s.explain(err, "what is in %q already cannot be looked up", shown(container))
	}
	if len(r.Entries) == 0 {
		return nil, nil
	}
	return &Object{DN: shown(r.Entries[0].DN), Kind: kindOf(r.Entries[0].GetAttributeValues("objectClass"))}, nil
}

// kindOf returns the last of an object's classes, which is its own ([MS-ADTS] 3.1.1.3.1.1.1), in words.
func kindOf(classes []string) string {
	if len(classes) == 0 {
		return "object"
	}
	switch last := classes[len(classes)-1]; strings.ToLower(last) {
	case "organizationalunit":
		return "organizational unit"
	case "computer":
		return "computer with another account name"
	default:
		return shown(last)
	}
}

// mostMarked bounds a search for accounts with a marker.
const mostMarked = 500

// Marked returns the accounts in the domain whose description has a marker of one of the states, at most 500 of them: what runs
// work on, or have left. Filter keeps some; nil keeps all.
func (s *Session) Marked(ctx context.Context, d Domain, states []MarkerState, keep func(*Account) bool) ([]*Account, error) {
	marker := ""
	for _, state := range states {
		marker += "(description=*" + markerVersion + " " + string(state) + " *)"
	}
	found, err := s.accounts(ctx, &ldap.SearchRequest{
		BaseDN: d.DN, Scope: ldap.ScopeWholeSubtree, SizeLimit: mostMarked, Filter: "(&(objectClass=computer)(|" + marker + "))",
	})
	if err != nil {
		return nil, err
	}
	var kept []*Account
	for _, a := range found {
		if slices.Contains(states, a.Marker.State) && (keep == nil || keep(a)) {
			kept = append(kept, a)
		}
	}
	return kept, nil
}

// accounts carries out a search for accounts. What is not there is no error.
func (s *Session) accounts(ctx context.Context, r *ldap.SearchRequest) ([]*Account, error) {
	r.Attributes, r.Controls = accountAttributes(), []ldap.Control{ownerOnly()}
	result, err := s.search(ctx, r)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return nil, nil
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) && result != nil: // those that are there
	case err != nil:
		return nil, s.explain(err, "accounts cannot be looked up")
	}
	var all []*Account
	for _, e := range result.Entries {
		a, err := newAccount(e)
		if err != nil {
			return nil, s.unusable("the account %s is not readable: %w", shown(e.DN), err)
		}
		all = append(all, a)
	}
	return all, nil
}

// newAccount makes an Account of what a controller has sent.
func newAccount(e *ldap.Entry) (*Account, error) {
	a := &Account{
		Name: strings.TrimSuffix(e.GetEqualFoldAttributeValue("sAMAccountName"), "$"), DN: shown(e.DN), dn: e.DN,
		OperatingSystem: shown(e.GetEqualFoldAttributeValue("operatingSystem")),
		DNSHostName:     shown(e.GetEqualFoldAttributeValue("dNSHostName")),
		text:            e.GetEqualFoldAttributeValue("description"),
	}
	a.Own, a.Marker = splitDescription(a.text)
	var err error
	if a.GUID, err = binaryGUID(e.GetEqualFoldRawAttributeValue("objectGUID")); err != nil {
		return nil, fmt.Errorf("objectGUID: %w", err)
	}
	if a.SID, err = sidText(e.GetEqualFoldRawAttributeValue("objectSid")); err != nil {
		return nil, fmt.Errorf("objectSid: %w", err)
	}
	if creator := e.GetEqualFoldRawAttributeValue("mS-DS-CreatorSID"); len(creator) > 0 {
		if a.CreatorSID, err = sidText(creator); err != nil {
			return nil, fmt.Errorf("mS-DS-CreatorSID: %w", err)
		}
	}
	if descriptor := e.GetEqualFoldRawAttributeValue("nTSecurityDescriptor"); len(descriptor) > 0 {
		if a.OwnerSID, err = ownerOf(descriptor); err != nil {
			return nil, fmt.Errorf("nTSecurityDescriptor: %w", err)
		}
	}
	if err := a.readNumbers(e); err != nil {
		return nil, err
	}
	for _, class := range e.GetEqualFoldAttributeValues("objectClass") {
		switch strings.ToLower(class) {
		case "computer":
			a.Computer = true
		case "msds-managedserviceaccount", "msds-groupmanagedserviceaccount", "msds-delegatedmanagedserviceaccount":
			a.Service = true
		}
	}
	return a, nil
}

func (a *Account) readNumbers(e *ldap.Entry) error {
	var control, timestamp, logon int64
	for _, f := range []struct {
		attribute string
		to        *int64
	}{
		{"userAccountControl", &control},
		{"pwdLastSet", (*int64)(&a.PasswordLastSet)},
		{"lastLogonTimestamp", &timestamp},
		{"lastLogon", &logon},
	} {
		text := e.GetEqualFoldAttributeValue(f.attribute)
		if text == "" {
			continue // none yet, or not readable
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 && f.to != &control { // that one is a signed number of 32 bits
			return fmt.Errorf("%s is no number", f.attribute)
		}
		*f.to = n
	}
	a.Control, a.LastLogon = uint32(control), FileTime(max(timestamp, logon))
	return nil
}

// guidDN returns the form of a distinguished name by which an object is found wherever it is ([MS-ADTS] 3.1.1.3.1.2.4).
func guidDN(guid string) (string, error) {
	for i, r := range guid {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return "", notGUID(guid)
		}
	}
	if len(guid) != 36 {
		return "", notGUID(guid)
	}
	return "<GUID=" + strings.ToLower(guid) + ">", nil
}
