package activedirectory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// ErrAway is in the chain of an error that may pass by itself: no controller, or no DNS server, has answered, the connection to one
// was lost, or it was too busy. Of every other error somebody has to change something first.
var ErrAway = errors.New("the domain does not answer")

// away makes a winerr.Error that may pass by itself.
func away(code winerr.Code, format string, args ...any) error {
	return &winerr.Error{Code: code, Message: fmt.Sprintf(format, args...), Err: ErrAway}
}

// silent reports whether an error is one of the network: nobody has answered, or what came broke off.
func silent(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, errNoAnswer) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// explained turns what a controller, Kerberos, TLS or the network answered into a winerr.Error. doing says what was tried
// and on what, such as "cannot log on to dc1.corp.example.com as svc-join"; its sentence follows after a colon and ends
// with the way out. A winerr.Error and the errors of a context pass as they are.
func explained(doing string, err error) error {
	var (
		ours     *winerr.Error
		kerberos krbError
		server   *ldap.Error
		closed   unreachable
		tlsError tlsFailure
	)
	switch {
	case err == nil, errors.As(err, &ours), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &kerberos):
		code, sentence := explainKerberos(kerberos)
		if kerberos.code == krbUnavailable {
			return away(code, "%s: %s", doing, sentence)
		}
		return winerr.New(code, doing+": "+sentence)
	case errors.As(err, &tlsError):
		return winerr.New(winerr.ConnectionInsecure, doing+": "+explainTLS(tlsError))
	case errors.As(err, &closed):
		return away(winerr.RPCServerUnavailable, "%s: %s; wait until it answers and try again, or check that the port is open", doing,
			foreign(closed))
	case errors.As(err, &server) && server.ResultCode < ldap.ErrorNetwork:
		code, sentence := explainLDAP(server)
		if ldap.IsErrorAnyOf(server, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultTimeLimitExceeded) {
			return away(code, "%s: %s", doing, sentence)
		}
		return winerr.New(code, doing+": "+sentence)
	case errors.As(err, &server):
		return away(winerr.ConnectionAborted, "%s: the connection was lost: %s; try again", doing, foreign(server.Err))
	case silent(err):
		return away(winerr.ConnectionAborted, "%s: the connection was lost: %s; try again", doing, foreign(err))
	}
	return winerr.New(winerr.ConnectionAborted, doing+": "+foreign(err))
}

// foreign shows the text of somebody else's error.
func foreign(err error) string {
	if err == nil {
		return "no reason was given"
	}
	return plaintext.Line(err.Error(), plaintext.Sentence)
}

// unreachable is a failure of the network before there was an answer.
type unreachable struct {
	service string
	error
}

func (u unreachable) Error() string { return u.service + " cannot be reached: " + u.error.Error() }
func (u unreachable) Unwrap() error { return u.error }

// refusal is one row of a table: what an answer means. The zero value of a column matches anything.
type refusal struct {
	result   uint16 // of LDAP ([RFC 4511] appendix A)
	status   uint32 // Win32 or NTSTATUS number that the controller's text begins with
	data     uint32 // after "data " in that text
	text     string // part of that text, in lower case
	code     winerr.Code
	sentence string
}

// refusals are in the order in which they are tried. The texts are those of Windows ([MS-ADTS] 3.1.1.5) and Samba.
func refusals() []refusal {
	const invalid = ldap.LDAPResultInvalidCredentials
	return []refusal{
		{invalid, 0x80090346, 0, "", winerr.ConnectionInsecure, "the controller did not get the channel binding that it " +
			"expects; does a proxy open the TLS connection? Set security to sealed"},
		{invalid, 0, 0x57, "channel binding", winerr.ConnectionInsecure, "the controller did not get the channel binding " +
			"that it expects; does a proxy open the TLS connection? Set security to sealed"},
		{invalid, 0, 0x525, "", winerr.NoSuchUser, "the domain does not have this user: check the name"},
		{invalid, 0, 0x52e, "", winerr.LogonFailure, wrongPassword},
		{invalid, 0, 0x52f, "", winerr.AccountRestriction, "a restriction of the account forbids the logon; if it is a " +
			"member of Protected Users, use Kerberos instead of a simple bind"},
		{invalid, 0, 0x530, "", winerr.InvalidLogonHours, "the account may not log on at this time"},
		{invalid, 0, 0x531, "", winerr.InvalidWorkstation, "the account may not log on from this computer"},
		{invalid, 0, 0x532, "", winerr.PasswordExpired, expiredPassword},
		{invalid, 0, 0x533, "", winerr.AccountDisabled, disabledAccount},
		{invalid, 0, 0x701, "", winerr.AccountExpired, expiredAccount},
		{invalid, 0, 0x773, "", winerr.PasswordMustChange, mustChange},
		{invalid, 0, 0x775, "", winerr.AccountLockedOut, lockedOut},
		{invalid, 0, 0x418, "", winerr.LogonFailure, "the domain does not allow NTLM, which a simple bind needs there: " +
			"use Kerberos with a keytab or a password"},
		{invalid, 0, 0, "", winerr.LogonFailure, wrongPassword},
		{ldap.LDAPResultStrongAuthRequired, 0, 0, "", winerr.ConnectionInsecure, "the controller wants a better protected " +
			"connection: set security to sealed or ldaps"},
		{ldap.LDAPResultConfidentialityRequired, 0, 0, "", winerr.ConnectionInsecure, "the controller wants an encrypted " +
			"connection: set security to sealed or ldaps"},
		{ldap.LDAPResultEntryAlreadyExists, 0, 0, "", winerr.UserExists, "an account of this name exists: choose another " +
			"name, or allow its reuse"},
		{ldap.LDAPResultInsufficientAccessRights, 0, 0, "", winerr.AccessDenied, "the user has not the right to do it"},
		{ldap.LDAPResultUnwillingToPerform, 0x216d, 0, "", winerr.MachineAccountQuotaExceeded, "the user has used up the " +
			"machine accounts that everybody may make: grant the right to create computer objects in one OU instead"},
		{ldap.LDAPResultUnwillingToPerform, 0x52d, 0, "", winerr.PasswordRestriction, "the domain's rules refuse the password"},
		{ldap.LDAPResultConstraintViolation, 0x52d, 0, "", winerr.PasswordRestriction, "the domain's rules refuse the password"},
		{ldap.LDAPResultConstraintViolation, 0x21c7, 0, "", winerr.SPNValueNotUnique, spnTaken},
		{ldap.LDAPResultConstraintViolation, 0, 0, "spn", winerr.SPNValueNotUnique, spnTaken},
		{ldap.LDAPResultNoSuchObject, 0, 0, "", winerr.FileNotFound, "there is no such object in the directory"},
		{ldap.LDAPResultInvalidDNSyntax, 0, 0, "", winerr.InvalidParameter, "the distinguished name is malformed"},
		{ldap.LDAPResultNoSuchAttribute, 0, 0, "", winerr.Busy, "somebody else has changed the account in between: read it " +
			"again"},
		{ldap.LDAPResultReferral, 0, 0, "", winerr.DCNotFound, "the controller refers to another one, as a read-only domain " +
			"controller (RODC) does: give a writable dc"},
		{ldap.LDAPResultNotAllowedOnNonLeaf, 0, 0, "", winerr.DirNotEmpty, "the object has others below it"},
		{ldap.LDAPResultBusy, 0, 0, "", winerr.RPCServerTooBusy, "the controller is busy: try again"},
		{ldap.LDAPResultUnavailable, 0, 0, "", winerr.RPCServerUnavailable, "the controller is not available: try again, or " +
			"give another dc"},
		{ldap.LDAPResultTimeLimitExceeded, 0, 0, "", winerr.Timeout, "the controller did not come to an end in time: try again"},
	}
}

// Sentences that Kerberos and LDAP share.
const (
	wrongPassword   = "the user name or password is wrong; it was tried once only, so that the account is not locked"
	expiredPassword = "the password has expired: set a new one"
	mustChange      = "the password must be changed before the first logon: set a new one"
	disabledAccount = "the account is disabled"
	expiredAccount  = "the account has expired"
	lockedOut       = "the account is locked out: wait, or have it unlocked"
	spnTaken        = "another account has the service principal name of this machine: remove it there, or choose another name"
)

// explainLDAP looks an answer up and adds the controller's own words.
func explainLDAP(e *ldap.Error) (winerr.Code, string) {
	text := ""
	if e.Err != nil {
		text = plaintext.Line(e.Err.Error(), plaintext.Sentence)
	}
	status, data := numbersOf(text)
	answer := "LDAP " + strconv.Itoa(int(e.ResultCode))
	if name := ldap.LDAPResultCodeMap[e.ResultCode]; name != "" {
		answer += " " + name
	}
	if text != "" {
		answer += ": " + text
	}
	for _, r := range refusals() {
		if r.result == e.ResultCode && (r.status == 0 || r.status == status) && (r.data == 0 || r.data == data) &&
			strings.Contains(strings.ToLower(text), r.text) {
			return r.code, r.sentence + " (" + answer + ")"
		}
	}
	return winerr.GenFailure, "the controller answers " + answer
}

// numbersOf reads the number at the beginning of a controller's text, such as "80090308: LdapErr: …, data 52e, v1db1", and
// the one after "data"; 0 when there is none.
func numbersOf(text string) (status, data uint32) {
	first, _, _ := strings.Cut(text, ":")
	if n, err := strconv.ParseUint(first, 16, 32); err == nil && len(first) == 8 {
		status = uint32(n)
	}
	if _, rest, ok := strings.Cut(text, "data "); ok {
		end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) })
		if end < 0 {
			end = len(rest)
		}
		if n, err := strconv.ParseUint(rest[:end], 16, 32); err == nil {
			data = uint32(n)
		}
	}
	return status, data
}

// Error codes of Kerberos ([RFC 4120] 7.5.9).
const (
	krbClientUnknown  = 6
	krbServiceUnknown = 7
	krbPolicy         = 12
	krbNoEtype        = 14
	krbClientRevoked  = 18
	krbKeyExpired     = 23
	krbPreauthFailed  = 24
	krbUnavailable    = 29
	krbBadIntegrity   = 31
	krbSkew           = 37
	krbWrongRealm     = 68
)

func explainKerberos(e krbError) (winerr.Code, string) {
	if code, sentence, ok := explainStatus(ntStatus(e.data)); ok && e.code != krbSkew {
		return code, sentence + " (" + e.Error() + ")"
	}
	var code winerr.Code
	var sentence string
	switch e.code {
	case krbClientUnknown:
		code, sentence = winerr.NoSuchUser, "the domain does not have this user: check the name"
	case krbServiceUnknown:
		code, sentence = winerr.RPCServerUnavailable, "Kerberos does not know the controller by this name: give its full "+
			"name as dc; a new controller is known only after replication"
	case krbPolicy:
		code, sentence = winerr.AccountRestriction, "a policy of the domain forbids the logon"
	case krbNoEtype:
		code, sentence = winerr.NotSupported, "the account has no AES key: allow AES for it and set its password anew, or "+
			"use a simple bind inside TLS"
	case krbClientRevoked:
		code, sentence = winerr.AccountDisabled, "the account is disabled, locked out or has expired"
	case krbKeyExpired:
		code, sentence = winerr.PasswordExpired, expiredPassword
	case krbPreauthFailed, krbBadIntegrity:
		code, sentence = winerr.LogonFailure, wrongPassword
	case krbUnavailable:
		code, sentence = winerr.RPCServerUnavailable, "Kerberos is not available there: try again, or give another dc"
	case krbSkew:
		code, sentence = winerr.TimeSkew, skewSentence(e.ahead)
	case krbWrongRealm:
		code, sentence = winerr.NoSuchDomain, "the user is of another domain: give user@domain of the controller's domain"
	default:
		code, sentence = winerr.LogonFailure, "Kerberos refuses"
	}
	return code, sentence + " (" + e.Error() + ")"
}

// ntStatus finds the NTSTATUS in the e-data of a KRB-ERROR: KERB-EXT-ERROR, three numbers of four bytes at its end, the
// second of which is zero ([MS-KILE] 2.2.1, 2.2.2). It returns 0 when there is none.
func ntStatus(data []byte) uint32 {
	if len(data) < 12 {
		return 0
	}
	tail := data[len(data)-12:]
	if binary.LittleEndian.Uint32(tail[4:]) != 0 {
		return 0
	}
	return binary.LittleEndian.Uint32(tail)
}

// explainStatus explains the NTSTATUS numbers of a logon ([MS-ERREF] 2.3.1).
func explainStatus(status uint32) (winerr.Code, string, bool) {
	switch status {
	case 0xc0000064:
		return winerr.NoSuchUser, "the domain does not have this user: check the name", true
	case 0xc000006f:
		return winerr.InvalidLogonHours, "the account may not log on at this time", true
	case 0xc0000070:
		return winerr.InvalidWorkstation, "the account may not log on from this computer", true
	case 0xc0000071:
		return winerr.PasswordExpired, expiredPassword, true
	case 0xc0000072:
		return winerr.AccountDisabled, disabledAccount, true
	case 0xc0000193:
		return winerr.AccountExpired, expiredAccount, true
	case 0xc0000224:
		return winerr.PasswordMustChange, mustChange, true
	case 0xc0000234:
		return winerr.AccountLockedOut, lockedOut, true
	}
	return 0, "", false
}

// skewSentence says by how much the controller's clock is ahead of ours.
func skewSentence(ahead time.Duration) string {
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("the controller's clock is %s %s the clock here, and Kerberos allows %s: set the clock by NTP",
		ahead.Abs().Round(time.Second), direction, maxClockSkew)
}

// skewError is a difference of clocks that we have seen ourselves.
func skewError(ahead time.Duration) error {
	return krbError{code: krbSkew, text: "seen in the reply", ahead: ahead}
}

// explainTLS says why a handshake failed.
func explainTLS(err error) string {
	var (
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
		noHeader tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return "the authority of the controller's certificate is not trusted: give its certificate as ca_file, or set " +
			"security to sealed, which needs none (" + foreign(err) + ")"
	case errors.As(err, &name):
		return "the controller's certificate is for another name: give the name as dc, or set security to sealed (" +
			foreign(err) + ")"
	case errors.As(err, &invalid):
		return "the controller's certificate cannot be used: renew it, or set security to sealed (" + foreign(err) + ")"
	case errors.As(err, &noHeader):
		return "what answers does not speak TLS: set security to sealed (" + foreign(err) + ")"
	}
	return "no TLS connection: has the controller a certificate? Set security to sealed, which needs none (" +
		foreign(err) + ")"
}
