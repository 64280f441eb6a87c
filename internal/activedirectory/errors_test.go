package activedirectory

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func serverError(code uint16, text string) error {
	return &ldap.Error{ResultCode: code, Err: errors.New(text)}
}

// The rows of the error table that the live lab does not answer. Each says where its bytes come from:
//
//	seen      a Windows controller's answer, byte for byte as the cited issue or page prints it
//	Samba     seen by this project on Samba 4.17 or 4.22
//	number    only the number is documented ([MS-ERREF] 2.2); no source prints the whole text, so its shape is inferred
//	ours      made here: no server's bytes are needed
//
// What the lab answers is in lab_errors_linux_test.go.
func TestErrorTableFromSources(t *testing.T) {
	t.Parallel()
	status := func(n uint32) []byte { // KERB-EXT-ERROR, [MS-KILE] 2.2.1
		return append(binary.LittleEndian.AppendUint32(nil, n), 0, 0, 0, 0, 1, 0, 0, 0)
	}
	// seen: www.dotcms.com/docs/latest/active-directory-error-codes (525, 52e, 530, 531, 532, 533, 701, 773, 775)
	windows := func(data string) string {
		return "80090308: LdapErr: DSID-0C09030B, comment: AcceptSecurityContext error, data " + data + ", v893"
	}
	for _, row := range []struct {
		name  string
		err   error
		code  winerr.Code
		words []string
	}{
		{"wrong password, Windows", serverError(49, windows("52e")), 1326, []string{"tried once only"}},
		{"unknown user, Windows", serverError(49, windows("525")), 1317, []string{"check the name"}},
		// number
		{"Protected Users, Windows", serverError(49, windows("52f")), 1327, []string{"Kerberos instead of a simple bind"}},
		{"logon hours, Windows", serverError(49, windows("530")), 1328, nil},
		{"workstation, Windows", serverError(49, windows("531")), 1329, nil},
		{"expired password, Windows", serverError(49, windows("532")), 1330, []string{"set a new one"}},
		{"disabled, Windows", serverError(49, windows("533")), 1331, nil},
		{"expired account, Windows", serverError(49, windows("701")), 1793, nil},
		{"must change, Windows", serverError(49, windows("773")), 1907, []string{"set a new one"}},
		{"locked, Windows", serverError(49, windows("775")), 1909, []string{"unlocked"}},
		// seen: github.com/dirkjanm/adidnsdump/pull/27, Windows Server 2022
		{"channel binding, Windows", serverError(49, "80090346: LdapErr: DSID-0C09089F, comment: AcceptSecurityContext error, data 80090346, v4563\x00"), 2718, []string{"security to sealed"}},
		// Samba
		{"NTLM off, Samba 4.22", serverError(49, "8009030C: LdapErr: DSID-0C0904DC, comment: AcceptSecurityContext error, data 418, v1db1"), 1326, []string{"keytab"}},
		// seen: github.com/cannatag/ldap3/issues/1030, Windows Server 2019
		{"signing required, Windows", serverError(8, "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection, data 0, v4563\x00"), 2718, []string{"sealed"}},
		// seen: Microsoft, "Status code 0x216d: Your computer could not be joined to the domain" (NetSetup.log)
		{"quota, Windows", serverError(53, quotaText), 8557, []string{"one OU"}},
		// seen: github.com/go-ldap/ldap/issues/451
		{"password rule", serverError(53, "0000052D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0"), 1325, nil},
		// seen: en.chuso.net/documents/technical/active-directory-spn-upn-constraint-violation.html
		{"SPN, Windows", serverError(19, "000021C7: AtrErr: DSID-03200DF3, #1:\n\t0: 000021C7: DSID-03200DF3, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 90303 (servicePrincipalName)\n\x00"), 8647, []string{"another account"}},
		{"SPN, Samba", serverError(19, "0000202F: Failed: spn[HOST/WEB01] would cause a conflict"), 8647, []string{"another account"}},
		// Samba
		{"name taken", serverError(68, "Entry CN=A,DC=b already exists"), 2224, []string{"reuse"}},
		// seen: github.com/rapid7/insightconnect-plugins/pull/840 (the sAMAccountName), github.com/ldapjs/node-ldapjs/issues/898 (the DN)
		{"name taken, Windows", serverError(68, "00000524: UpdErr: DSID-031A1261, problem 6005 (ENTRY_EXISTS), data 0\n\x00"), 2224, []string{"reuse"}},
		{"DN taken, Windows", serverError(68, "00002071: UpdErr: DSID-030503CF, problem 6005 (ENTRY_EXISTS), data 0"), 2224, []string{"reuse"}},
		// Samba
		{"no rights", serverError(50, "acl: unable to get access to CN=Computers"), 5, nil},
		// seen: github.com/Seji64/LAPS-WebUI/issues/31, github.com/skelsec/msldap/pull/34
		{"no rights, Windows", serverError(50, "00002098: SecErr: DSID-031514B3, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n"), 5, nil},
		{"access denied, Windows", serverError(50, "00000005: SecErr: DSID-03152E13, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\x00"), 5, nil},
		// Samba
		{"no such OU", serverError(32, "00002030: No such Base DN"), 2, nil},
		{"bad DN", serverError(34, "invalid DN"), 87, nil},
		{"marker moved", serverError(16, "00002001: attribute 'description': no matching attribute value"), 170, []string{"read it again"}},
		// seen: a comment in TheManticoreProject's LDAP session (Modify of description)
		{"marker moved, Windows", serverError(16, "00002076: AtrErr: DSID-030F1BC2, #1:\n\t0: 00002076: DSID-030F1BC2, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0, Att d (description)\n\x00"), 170, []string{"read it again"}},
		// seen: github.com/the-useless-one/pywerview/issues/26
		{"referral, Windows", serverError(10, "0000202B: RefErr: DSID-0310082F, data 0, 1 access points"), 2453, []string{"writable dc"}},
		// Samba
		{"children", serverError(66, "subtree_delete: Unable to delete a non-leaf node"), 145, nil},
		// ours
		{"busy", serverError(51, ""), 1723, nil},
		{"unavailable", serverError(52, "00000000: "), 1722, nil},
		{"no end in time", serverError(3, ""), 1460, []string{"try again"}},
		{"a broken answer", fmt.Errorf("bind: %w", io.ErrUnexpectedEOF), 1236, []string{"try again"}},
		{"Kerberos not available", krbError{code: 29}, 1722, []string{"try again"}},
		{"unheard of", serverError(80, "something"), 31, []string{"LDAP 80", "something"}},
		{"a lost connection", serverError(ldap.ErrorNetwork, "unable to read LDAP response packet: EOF"), 1236, nil},
		{"an error of ours", errors.New("wrap token 3 when 4 is next"), 1236, []string{"wrap token"}},
		// number: the NTSTATUS is documented for KERB-EXT-ERROR ([MS-KILE] 2.2.1); Samba sends it too, see the live table
		{"disabled, Kerberos", krbError{code: 18, data: append([]byte("0\x15"), status(0xc0000072)...)}, 1331, nil},
		{"locked, Kerberos", krbError{code: 18, data: status(0xc0000234)}, 1909, nil},
		{"expired account, Kerberos", krbError{code: 18, data: status(0xc0000193)}, 1793, nil},
		{"logon hours, Kerberos", krbError{code: 12, data: status(0xc000006f)}, 1328, nil},
		{"workstation, Kerberos", krbError{code: 12, data: status(0xc0000070)}, 1329, nil},
		{"revoked, without more", krbError{code: 18, data: []byte("no status in here")}, 1331, []string{"locked out"}},
		{"policy", krbError{code: 12}, 1327, nil},
		{"no AES key", krbError{code: 14, text: "KDC has no support for encryption type"}, 50, []string{"AES", "simple bind"}},
		{"bad integrity", krbError{code: 31}, 1326, nil},
		{"another realm", krbError{code: 68}, 1355, nil},
		{"any other", krbError{code: 60, text: "generic"}, 1326, []string{"Kerberos error 60: generic"}},
		// ours
		{"the controller is ahead", krbError{code: 37, ahead: 20 * time.Minute}, 1398, []string{"20m0s ahead of", "NTP"}},
		{"the controller is behind", krbError{code: 37, ahead: -3 * time.Hour}, 1398, []string{"3h0m0s behind"}},
		{"unreachable", unreachable{"Kerberos", &net.OpError{Op: "dial", Err: errors.New("connection refused")}}, 1722, []string{"Kerberos cannot be reached"}},
		{"untrusted", tlsFailure{x509.UnknownAuthorityError{}}, 2718, []string{"ca_file", "sealed"}},
		{"expired certificate", tlsFailure{x509.CertificateInvalidError{Reason: x509.Expired}}, 2718, []string{"renew"}},
		{"no certificate", tlsFailure{errors.New("EOF")}, 2718, []string{"has the controller a certificate"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			err := explained("cannot do it", fmt.Errorf("wrapped: %w", row.err))
			wantRefusal(t, err, row.code, append(row.words, "cannot do it: ")...)
			if row.code.Name() == "" {
				t.Errorf("%d has no name", row.code)
			}
			mayPass := slices.Contains([]string{
				"busy", "unavailable", "no end in time", "a lost connection", "a broken answer", "unreachable", "Kerberos not available",
			}, row.name)
			if errors.Is(err, ErrAway) != mayPass {
				t.Errorf("may it pass by itself: %v, want %v", !mayPass, mayPass)
			}
		})
	}
}

// quotaText is what a Windows controller answers a user whose quota is used up, as Microsoft's article prints it
// ("Status code 0x216d: Your computer could not be joined to the domain").
const quotaText = "0000216D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0"

// refusingConnection refuses what is to be written, and finds what it has.
type refusingConnection struct {
	connection
	err   error
	found []*ldap.Entry
}

func (c refusingConnection) Add(*ldap.AddRequest) error       { return c.err }
func (c refusingConnection) Modify(*ldap.ModifyRequest) error { return c.err }
func (c refusingConnection) Del(*ldap.DelRequest) error       { return c.err }
func (c refusingConnection) Search(*ldap.SearchRequest) (*ldap.SearchResult, error) {
	return &ldap.SearchResult{Entries: c.found}, nil
}

// What a refused write comes to, by answers of Windows that the lab does not give; each is printed above with its source.
func TestRefusedWritesOfWindows(t *testing.T) {
	t.Parallel()
	d := Domain{DNSName: "corp.example.com", DN: "DC=corp,DC=example,DC=com"}
	n := New{Name: "WEB01", Container: "OU=Web,DC=corp,DC=example,DC=com", Password: []uint16{'x'}}
	a := &Account{DN: "CN=WEB01," + n.Container, GUID: "631c7621-5289-4321-bc9e-80f843f868c3"}
	create := func(s *Session) error { _, err := s.Create(t.Context(), d, n); return err }
	mark := func(s *Session) error { _, err := s.Mark(t.Context(), a, pending()); return err }
	holder := []*ldap.Entry{{DN: "CN=OLD,DC=corp,DC=example,DC=com"}}
	for name, row := range map[string]struct {
		do    func(*Session) error
		err   error
		found []*ldap.Entry
		code  winerr.Code
		words []string
	}{
		"quota":                 {create, serverError(53, quotaText), nil, 8557, []string{"ms-DS-MachineAccountQuota", "Create Computer objects", "corp.example.com"}},
		"quota, as access":      {create, serverError(50, quotaText), nil, 8557, []string{"ms-DS-MachineAccountQuota"}},
		"no right":              {create, serverError(50, "00000005: SecErr: DSID-03152E13, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\x00"), nil, 5, []string{"Create Computer objects", n.Container}},
		"name taken":            {create, serverError(68, "00000524: UpdErr: DSID-031A1261, problem 6005 (ENTRY_EXISTS), data 0\n\x00"), nil, 2224, []string{"account reuse"}},
		"DN taken":              {create, serverError(68, "00002071: UpdErr: DSID-030503CF, problem 6005 (ENTRY_EXISTS), data 0"), nil, 2224, []string{"account or an object"}},
		"SPN taken, holder":     {create, serverError(19, "000021C7: AtrErr: DSID-03200DF3, #1:\n\t0: 000021C7: DSID-03200DF3, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 90303 (servicePrincipalName)\n\x00"), holder, 8647, []string{"CN=OLD"}},
		"SPN taken":             {create, serverError(19, "000021C7: AtrErr: DSID-03200DF3, #1:\n\t0: 000021C7: DSID-03200DF3, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 90303 (servicePrincipalName)\n\x00"), nil, 8647, []string{"WEB01"}},
		"read-only controller":  {create, serverError(10, "0000202B: RefErr: DSID-0310082F, data 0, 1 access points"), nil, 2453, []string{"RODC"}},
		"marker moved":          {mark, serverError(16, "00002076: AtrErr: DSID-030F1BC2, #1:\n\t0: 00002076: DSID-030F1BC2, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0, Att d (description)\n\x00"), nil, 170, []string{"CN=WEB01", "nothing of it was written"}},
		"marker was there":      {mark, serverError(20, ""), nil, 170, nil},
		"account of a stranger": {mark, serverError(50, "00002098: SecErr: DSID-031514B3, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n"), nil, 5, []string{"CN=WEB01"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Session{conn: refusingConnection{err: row.err, found: row.found}, timeout: time.Minute, abort: func() {}, dc: DC{Host: "dc1.corp.example.com"}}
			wantRefusal(t, row.do(s), row.code, row.words...)
		})
	}
}

func TestExplainedLeavesWhatIsExplained(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, context.Canceled, context.DeadlineExceeded, winerr.New(5, "no")} {
		if got := explained("x", err); !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// What a server says is foreign text.
func TestErrorsAreSafeToShow(t *testing.T) {
	t.Parallel()
	evil := "80090308: \x1b[2J\u202e\r\ndata 52e" + strings.Repeat("x", 5000)
	for _, err := range []error{
		serverError(49, evil), serverError(80, evil), serverError(ldap.ErrorNetwork, evil), errors.New(evil),
		unreachable{"LDAP", errors.New(evil)},
		tlsFailure{errors.New(evil)},
	} {
		got := explained("cannot do it", err)
		if code, ok := winerr.CodeOf(got); !ok || len(got.Error()) > 3000 {
			t.Errorf("%v: %d bytes", code, len(got.Error()))
		}
		wantRefusal(t, got, func() winerr.Code { c, _ := winerr.CodeOf(got); return c }())
	}
}

func TestNumbersOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]uint32{
		"80090308: LdapErr: DSID, data 52e, v1": {0x80090308, 0x52e}, "0000202B: RefErr": {0x202b, 0}, "": {}, "data ": {},
		"acl: data 1": {0, 1}, "data fffffffff": {}, "802: x": {},
	} {
		if status, data := numbersOf(text); status != want[0] || data != want[1] {
			t.Errorf("%q: %#x %#x", text, status, data)
		}
	}
}
