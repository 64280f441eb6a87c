package activedirectory

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// New is an account to be made.
type New struct {
	Name        string   // of the machine, as [CheckNewName] takes it
	Container   string   // DN
	Description string   // the user's own; empty: none
	Marker      Marker   // whose work it is
	Password    []uint16 // SECRET: UTF-16 units; the caller wipes it
}

// Create makes an account with its password, in one operation, and reads it back. Errors: 2224 when the name is taken, 5
// without the right, 8557 when the user's quota is used up, 8647 when another account has one of its service principal
// names, 2453 on a controller that makes no accounts, and [ErrConnectionLost] when it is not known whether the account was
// made.
func (s *Session) Create(ctx context.Context, d Domain, n New) (*Account, error) {
	name, host := strings.ToUpper(n.Name), strings.ToLower(n.Name)+"."+d.DNSName
	dn := "CN=" + ldap.EscapeDN(name) + "," + n.Container
	r := ldap.NewAddRequest(dn, nil)
	r.Attribute("objectClass", []string{"computer"})
	r.Attribute("sAMAccountName", []string{samName(name)})
	r.Attribute("userAccountControl", []string{strconv.Itoa(ControlWorkstationTrust)})
	r.Attribute("dNSHostName", []string{host})
	r.Attribute("servicePrincipalName", []string{
		"HOST/" + name, "HOST/" + host, "RestrictedKrbHost/" + name, "RestrictedKrbHost/" + host,
	})
	if text := joinDescription(n.Description, n.Marker); text != "" {
		r.Attribute("description", []string{text})
	}
	r.Attribute("unicodePwd", []string{quoted(n.Password)})
	if err := s.add(ctx, r); err != nil {
		return nil, s.explainCreate(ctx, err, d, name, host, n.Container)
	}
	a, err := s.Find(ctx, d, name)
	if err == nil && (a == nil || a.Marker != n.Marker) {
		err = s.unusable("the account %s was made, and is not there", shown(dn))
	}
	return a, err
}

// quoted returns SECRET data: a password in the form of unicodePwd ([MS-ADTS] 3.1.1.3.1.5.1). The libraries make copies of
// it that cannot be wiped.
func quoted(password []uint16) string {
	b := make([]byte, 0, 2*len(password)+4)
	defer func() { clear(b[:cap(b)]) }()
	b = binary.LittleEndian.AppendUint16(b, '"')
	for _, unit := range password {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	b = binary.LittleEndian.AppendUint16(b, '"')
	return string(b)
}

// swap begins a change of an account that is carried out only if its description still is what was seen: of many who try,
// one succeeds, and the others get noSuchAttribute or attributeOrValueExists.
func swap(a *Account, own string, to Marker) (*ldap.ModifyRequest, error) {
	dn, err := guidDN(a.GUID)
	if err != nil {
		return nil, err
	}
	r := ldap.NewModifyRequest(dn, nil)
	text := joinDescription(own, to)
	if a.text == text { // a change of nothing would let everybody pass
		return nil, errSameMarker
	}
	if a.text != "" {
		r.Delete("description", []string{a.text})
	}
	if text != "" {
		r.Add("description", []string{text})
	}
	return r, nil
}

// Reset gives an account a new password and a new marker, in one operation that fails when the description is not what a
// has any more, and reads it back. It enables the account, too. own is the user's part of the description from now on.
// Errors: 170 when somebody else was faster, 5 without the right, and [ErrConnectionLost] as for Create.
func (s *Session) Reset(ctx context.Context, a *Account, own string, to Marker, password []uint16) (*Account, error) {
	r, err := swap(a, own, to)
	if err != nil {
		return nil, err
	}
	if a.Disabled() {
		r.Replace("userAccountControl", []string{control(a.Control &^ ControlDisabled)})
	}
	r.Replace("unicodePwd", []string{quoted(password)})
	return s.change(ctx, a, r, "the password of %s cannot be reset")
}

// Mark replaces the marker of an account, and fails as Reset does when it is not what a has any more. The zero Marker
// removes it.
func (s *Session) Mark(ctx context.Context, a *Account, to Marker) (*Account, error) {
	r, err := swap(a, a.Own, to)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, a, r, "the description of %s cannot be changed")
}

// Disable keeps everybody from logging on with an account; a machine that has the password is cut off, too. An account that
// is disabled already is left alone.
func (s *Session) Disable(ctx context.Context, a *Account) (*Account, error) {
	return s.setControl(ctx, a, a.Control|ControlDisabled)
}

// Enable is the opposite of Disable.
func (s *Session) Enable(ctx context.Context, a *Account) (*Account, error) {
	return s.setControl(ctx, a, a.Control&^ControlDisabled)
}

func (s *Session) setControl(ctx context.Context, a *Account, bits uint32) (*Account, error) {
	if bits == a.Control {
		return a, nil
	}
	dn, err := guidDN(a.GUID)
	if err != nil {
		return nil, err
	}
	r := ldap.NewModifyRequest(dn, nil)
	r.Delete("userAccountControl", []string{control(a.Control)}) // another's change is not undone
	r.Add("userAccountControl", []string{control(bits)})
	return s.change(ctx, a, r, "%s cannot be disabled or enabled")
}

// control returns userAccountControl as LDAP has it, a signed number of 32 bits.
func control(bits uint32) string { return strconv.Itoa(int(int32(bits))) }

// change carries a change of an account out, and returns it as it is then.
func (s *Session) change(ctx context.Context, a *Account, r *ldap.ModifyRequest, failed string) (*Account, error) {
	if err := s.modify(ctx, r); err != nil {
		return nil, s.explainChange(ctx, err, a, failed)
	}
	now, err := s.FindGUID(ctx, a.GUID)
	if err == nil && now == nil {
		err = gone(a)
	}
	return now, err
}

// treeDelete is the control LDAP_SERVER_TREE_DELETE_OID ([MS-ADTS] 3.1.1.3.4.1.15).
const treeDelete = "1.2.840.113556.1.4.805"

// Delete removes an account, by its objectGUID, so that another one of its name stays. children allows to remove what is
// below it, too, such as a service's own entry. Errors: 2 when it is gone already, 5 without the right, and
// [ErrConnectionLost] as for Create.
func (s *Session) Delete(ctx context.Context, a *Account, children bool) error {
	dn, err := guidDN(a.GUID)
	if err != nil {
		return err
	}
	r := ldap.NewDelRequest(dn, nil)
	err = s.delete(ctx, r)
	if children && ldap.IsErrorWithCode(err, ldap.LDAPResultNotAllowedOnNonLeaf) {
		r.Controls = []ldap.Control{ldap.NewControlString(treeDelete, true, "")}
		err = s.delete(ctx, r)
	}
	if err != nil {
		return s.explainChange(ctx, err, a, "%s cannot be deleted")
	}
	return nil
}
