package activedirectory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

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

// lostConnection is an error after which ErrConnectionLost is true.
type lostConnection struct{ error }

func (l lostConnection) Unwrap() []error { return []error{l.error, ErrConnectionLost} }

// explain is explained for what was tried on accounts, with ErrConnectionLost in the chain where it is meant.
func (s *Session) explain(err error, format string, args ...any) error {
	err = explained(fmt.Sprintf(format, args...), err)
	code, _ := winerr.CodeOf(err)
	if code == winerr.ConnectionAborted || code == winerr.Timeout ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return lostConnection{err}
	}
	return err
}

// says reports whether a server's refusal has a code of Windows in its text.
func says(err error, code string) bool {
	e, ok := errors.AsType[*ldap.Error](err)
	return ok && e.Err != nil && strings.Contains(strings.ToUpper(e.Err.Error()), code)
}

// explainCreate is explain for the add of an account.
func (s *Session) explainCreate(ctx context.Context, err error, d Domain, name, host, container string) error {
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists):
		return winerr.Errorf(winerr.UserExists, "%s already has an account or an object with the name %s: use account reuse if it is "+
			"yours, delete it, or choose another machine_name", d.DNSName, name)
	case says(err, "0000216D"):
		return winerr.Errorf(winerr.MachineAccountQuotaExceeded, "this user has made as many computer accounts in %s as the domain "+
			"allows (ms-DS-MachineAccountQuota): grant it \"Create Computer objects\" on an OU instead, and name that in ou",
			d.DNSName)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights):
		return winerr.Errorf(winerr.AccessDenied, "this user has no right to make computer accounts in %s: grant it \"Create "+
			"Computer objects\" there, or name an OU in which it has that right", shown(container))
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
