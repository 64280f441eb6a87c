package activedirectory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// ErrConnectionLost is in the chain of an error after which it is not known what the controller has done: the connection
// broke, or the context ended. Look over a new session.
var ErrConnectionLost = errors.New("the connection to the domain controller is lost")

// errSameMarker is a defect of the caller: a swap needs another text to swap to.
var errSameMarker = winerr.New(winerr.InvalidParameter, "the marker of the account would not change: this is a defect of this "+
	"program")

func notGUID(guid string) error {
	return winerr.Errorf(winerr.InvalidParameter, "%q is no objectGUID: write it as 631c7621-5289-4321-bc9e-80f843f868c3",
		shown(guid))
}

func gone(a *Account) error {
	return winerr.Errorf(winerr.FileNotFound, "the account %s (objectGUID %s) does not exist any more", a.DN, a.GUID)
}

// explain gives a failure of LDAP its documented code. what is what was tried, without the cause.
func (s *Session) explain(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if err == nil {
		return nil
	}
	if _, ok := winerr.CodeOf(err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w, %w", what, err, ErrConnectionLost)
	}
	answer, ok := errors.AsType[*ldap.Error](err)
	if !ok || answer.ResultCode >= ldap.ErrorNetwork {
		return winerr.Errorf(winerr.RPCServerUnavailable, "%s: %w (%s): look whether %s runs, and try again", what,
			ErrConnectionLost, shown(err.Error()), s.dc.Host)
	}
	text := diagnostic(answer)
	switch answer.ResultCode {
	case ldap.LDAPResultInsufficientAccessRights:
		return winerr.Errorf(winerr.AccessDenied, "%s: this user has no right to it (%s)", what, text)
	case ldap.LDAPResultReferral:
		return winerr.Errorf(winerr.DCNotFound, "%s: %s cannot do it and points to another domain controller (%s); a read-only "+
			"one cannot write: name a writable one in dc", what, s.dc.Host, text)
	case ldap.LDAPResultNoSuchObject:
		return winerr.Errorf(winerr.FileNotFound, "%s: it does not exist (%s)", what, text)
	case ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultNamingViolation, ldap.LDAPResultConstraintViolation,
		ldap.LDAPResultInvalidAttributeSyntax:
		return winerr.Errorf(winerr.InvalidParameter, "%s: the domain controller does not take a value (%s)", what, text)
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return winerr.Errorf(winerr.RPCServerTooBusy, "%s: %s is busy (%s): try again", what, s.dc.Host, text)
	}
	return winerr.Errorf(winerr.GenFailure, "%s: %s answers %d %s (%s)", what, s.dc.Host, answer.ResultCode,
		ldap.LDAPResultCodeMap[answer.ResultCode], text)
}

// diagnostic returns what a server says of its refusal, safe for a line.
func diagnostic(e *ldap.Error) string {
	if e.Err == nil {
		return ""
	}
	return plaintext.Line(strings.Trim(e.Err.Error(), "\x00\r\n "), plaintext.Name)
}

// says reports whether a server's refusal has a code of Windows in its text.
func says(err error, code string) bool {
	e, ok := errors.AsType[*ldap.Error](err)
	return ok && strings.Contains(strings.ToUpper(diagnostic(e)), code)
}

// explainCreate is explain for the add of an account.
func (s *Session) explainCreate(ctx context.Context, err error, d Domain, name, host, container string) error {
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists):
		return winerr.Errorf(winerr.UserExists, "%s already has an account or an object with the name %s: use account reuse if it is "+
			"yours, delete it, or choose another machine_name", d.DNSName, name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights):
		return winerr.Errorf(winerr.AccessDenied, "this user has no right to make computer accounts in %s: grant it \"Create "+
			"Computer objects\" there, or name an OU in which it has that right", shown(container))
	case says(err, "0000216D"):
		return winerr.Errorf(winerr.MachineAccountQuotaExceeded, "this user has made as many computer accounts in %s as the domain "+
			"allows (ms-DS-MachineAccountQuota): grant it \"Create Computer objects\" on an OU instead, and name that in ou",
			d.DNSName)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultConstraintViolation):
		if holder := s.holderOf(ctx, d, name, host); holder != "" {
			return winerr.Errorf(winerr.SPNValueNotUnique, "the service principal names of %s belong to %s already: remove them "+
				"there, or choose another machine_name", name, holder)
		}
	}
	return s.explain(err, "the account %s cannot be made in %s", name, shown(container))
}

// holderOf returns the DN of the account that has a name which a new one would have, and "" for none.
func (s *Session) holderOf(ctx context.Context, d Domain, name, host string) string {
	name, host = ldap.EscapeFilter(name), ldap.EscapeFilter(host)
	r, err := s.search(ctx, &ldap.SearchRequest{
		BaseDN: d.DN, Scope: ldap.ScopeWholeSubtree, SizeLimit: 1, Attributes: []string{"objectClass"},
		Filter: "(|(servicePrincipalName=HOST/" + name + ")(servicePrincipalName=HOST/" + host + ")(servicePrincipalName=" +
			"RestrictedKrbHost/" + name + ")(servicePrincipalName=RestrictedKrbHost/" + host + ")(dNSHostName=" + host + "))",
	})
	if err != nil || len(r.Entries) == 0 {
		return ""
	}
	return shown(r.Entries[0].DN)
}

// explainChange is explain for a change of an account. Where the marker was moved it names who holds it.
func (s *Session) explainChange(ctx context.Context, err error, a *Account, failed string) error {
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return gone(a)
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchAttribute, ldap.LDAPResultAttributeOrValueExists):
		holder := ""
		if now, err := s.FindGUID(ctx, a.GUID); err == nil && now != nil && !now.Marker.IsZero() {
			holder = ": " + now.Marker.String()
		}
		return winerr.Errorf(winerr.Busy, "somebody else has changed the account %s in the meantime%s; nothing of it was written",
			a.DN, holder)
	}
	return s.explain(err, failed, a.DN)
}
