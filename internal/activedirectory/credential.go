package activedirectory

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Credential is who asks. Exactly one of Password, Keytab, CCache and CurrentUser is set.
type Credential struct {
	// User is a sAMAccountName, or user@DOMAIN. It may be empty with CCache (the cache's own principal), and must be with
	// CurrentUser.
	User     string
	Password Secret
	// Keytab is the path of a file of Kerberos keys, CCache of a Kerberos credential cache; "FILE:" in front of either is
	// allowed.
	Keytab, CCache string
	// CurrentUser means the user who is logged on to this Windows, by SSPI. It is refused on other systems.
	CurrentUser bool
}

// check reports a credential that is of no kind, of two kinds, or lacks its user.
func (c Credential) check() error {
	kinds := 0
	for _, set := range []bool{!c.Password.empty(), c.Keytab != "", c.CCache != "", c.CurrentUser} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return winerr.New(winerr.InvalidParameter,
			"no credential for the domain: give a password, a keytab or a credential cache")
	case kinds > 1:
		return winerr.New(winerr.InvalidParameter,
			"more than one credential for the domain: give one of password, keytab, credential cache and current user")
	case !c.Password.isText():
		return winerr.New(winerr.InvalidParameter, "the password is no text in UTF-8: give it in that encoding")
	case c.CurrentUser && c.User != "":
		return winerr.New(winerr.InvalidParameter, "the current user needs no user name: leave it out")
	case c.CurrentUser && runtime.GOOS != "windows":
		return winerr.New(winerr.NotSupported,
			"the current user can be used on Windows only: give a keytab, a credential cache or a password")
	case c.User == "" && c.CCache == "" && !c.CurrentUser:
		return winerr.New(winerr.InvalidParameter, "the credential for the domain has no user name")
	}
	return CheckUser(c.User)
}

// CheckUser refuses a user name in a form that Kerberos does not take (87).
func CheckUser(name string) error {
	if !strings.Contains(name, `\`) {
		return nil
	}
	return winerr.New(winerr.InvalidParameter,
		`the user name is in the form DOMAIN\user: give user@domain.example, or the name alone`)
}

// Secret is a password. It prints as "(secret)" under every verb of package fmt, as JSON and as an attribute of slog; where
// it is an unexported field, which printers reach by reflection alone, they print an address. The zero Secret is empty.
type Secret struct {
	// The bytes are behind a function, into which reflection cannot look: package fmt follows a pointer for some verbs.
	bytes func() *[]byte
}

// NewSecret returns a Secret with a copy of b. The caller still owns b, and erases it.
func NewSecret(b []byte) Secret {
	c := bytes.Clone(b)
	return Secret{func() *[]byte { return &c }}
}

const secretText = "(secret)"

// Wipe overwrites the secret's bytes and makes it and all its copies empty. Copies that libraries made of it as strings
// cannot be overwritten.
func (s Secret) Wipe() {
	if s.bytes != nil {
		b := s.bytes()
		clear(*b)
		*b = nil
	}
}

// IsEmpty reports whether there is no secret.
func (s Secret) IsEmpty() bool { return s.empty() }

func (s Secret) empty() bool { return s.bytes == nil || len(*s.bytes()) == 0 }

// isText reports whether the secret is text in UTF-8, as what is sent of it is made from characters.
func (s Secret) isText() bool { return s.bytes == nil || utf8.Valid(*s.bytes()) }

// reveal returns the secret as the string that libraries want.
func (s Secret) reveal() string {
	if s.bytes == nil {
		return ""
	}
	return string(*s.bytes())
}

// Format prints "(secret)", whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(secretText)) }

// String returns "(secret)".
func (Secret) String() string { return secretText }

// GoString returns "(secret)".
func (Secret) GoString() string { return secretText }

// MarshalText returns "(secret)", also for JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretText), nil }

// LogValue returns "(secret)".
func (Secret) LogValue() slog.Value { return slog.StringValue(secretText) }
