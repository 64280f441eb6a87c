package activedirectory

import (
	"crypto/x509"
	"net"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Security is how a connection is protected. The zero value means [Auto].
type Security string

// The protections. There is no unprotected one.
const (
	Auto     Security = "auto"     // Sealed, or LDAPS with a simple bind
	Sealed   Security = "sealed"   // port 389, Kerberos signs and encrypts
	LDAPS    Security = "ldaps"    // port 636
	StartTLS Security = "starttls" // port 389
)

// Securities returns the words that a user may write.
func Securities() []Security { return []Security{Auto, Sealed, LDAPS, StartTLS} }

// Settings say how to connect.
type Settings struct {
	Security Security
	Simple   bool           // simple bind with user and password instead of Kerberos; inside TLS only
	Roots    *x509.CertPool // certificate authorities for TLS; nil are the system's
	Timeout  time.Duration  // for connecting and binding together, and for each operation; 0 means 30 seconds

	// Dial opens connections; nil is a net.Dialer's.
	Dial DialFunc

	// spoil changes the channel bindings, for tests; nil leaves them.
	spoil func([]byte) []byte
}

// withDefaults checks the settings against the credential and fills in what was left out.
func (s Settings) withDefaults(c Credential) (Settings, error) {
	switch s.Security {
	case "", Auto:
		s.Security = Sealed
		if s.Simple {
			s.Security = LDAPS
		}
	case Sealed, LDAPS, StartTLS:
	default:
		return s, winerr.Errorf(winerr.InvalidParameter,
			"security %q is not known: it is auto, sealed, ldaps or starttls", string(s.Security))
	}
	if s.Simple && s.Security == Sealed {
		return s, winerr.New(winerr.ConnectionInsecure,
			"a simple bind sends the password, and is allowed inside TLS only: set security to ldaps or starttls")
	}
	if s.Simple && c.Password.empty() {
		return s, winerr.New(winerr.InvalidParameter, "a simple bind needs a password")
	}
	if s.Timeout <= 0 {
		s.Timeout = 30 * time.Second
	}
	if s.Dial == nil {
		s.Dial = new(net.Dialer).DialContext
	}
	return s, nil
}

func (s Settings) changeBindings(b []byte) []byte {
	if s.spoil == nil {
		return b
	}
	return s.spoil(b)
}
