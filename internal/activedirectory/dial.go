package activedirectory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Dial connects to a controller that [Locate] found, protects the connection as the settings say and logs on. It reads
// the keytab or credential cache that the credential names; it writes no file. A wrong password is tried once.
//
// Its errors are winerr.Errors with the codes of the table in errors.go, such as 1326 ERROR_LOGON_FAILURE, 1398
// ERROR_TIME_SKEW and 2718 NERR_ConnectionInsecure; 1722 RPC_S_SERVER_UNAVAILABLE when the controller cannot be reached,
// 1460 ERROR_TIMEOUT when the time of the settings runs out, 87 for arguments that contradict each other; and ctx's own.
// [ErrAway] is in the chain of those that may pass by themselves.
func Dial(ctx context.Context, dc DC, c Credential, settings Settings) (*Session, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	settings, err := settings.withDefaults(c)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, settings.Timeout)
	defer cancel()
	s, err := dial(limited, dc, c, settings)
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, away(winerr.Timeout, "%s did not log us on within %s: try again, or give another dc", shown(dc.Host),
			settings.Timeout)
	}
	return nil, explained("cannot log on to "+shown(dc.Host)+c.as(), err)
}

// as names the user, when there is one.
func (c Credential) as() string {
	if c.User == "" {
		return ""
	}
	return " as " + shown(c.User)
}

func dial(ctx context.Context, dc DC, c Credential, settings Settings) (_ *Session, err error) {
	port := ldapPort
	if settings.Security == LDAPS {
		port = ldapsPort
	}
	raw, err := settings.Dial(ctx, "tcp", net.JoinHostPort(dc.Address, port))
	if err != nil {
		return nil, unreachable{"LDAP on port " + port, err}
	}
	abort := func() { _ = raw.Close() }
	defer func() {
		if err != nil {
			abort()
		}
	}()
	defer closeWhenDone(ctx, raw)()
	conn, bindings, err := protect(ctx, raw, dc, settings)
	if err != nil {
		return nil, err
	}
	if !settings.Simple {
		if conn, err = kerberosLogon(ctx, conn, dc, c, settings, bindings); err != nil {
			return nil, err
		}
	}
	l := ldap.NewConn(newMessageConn(conn), settings.Security != Sealed)
	l.SetTimeout(settings.Timeout + closeTimeout) // the session's own comes first
	l.Start()
	if settings.Simple {
		if err := l.Bind(principalName(c.User, dc.Domain), c.Password.reveal()); err != nil {
			abort()
			_ = l.Close()
			return nil, onConnection(err)
		}
	}
	if err := ctx.Err(); err != nil {
		abort()
		_ = l.Close()
		return nil, err
	}
	return &Session{dc: dc, conn: l, timeout: settings.Timeout, abort: abort}, nil
}

// protect puts TLS around the connection, unless Kerberos is to seal it, and returns the binding to the TLS channel.
func protect(ctx context.Context, raw net.Conn, dc DC, settings Settings) (net.Conn, []byte, error) {
	if settings.Security == Sealed {
		return raw, nil, nil
	}
	begin := clientTLS
	if settings.Security == StartTLS {
		begin = startTLS
	}
	t, err := begin(ctx, raw, &tls.Config{RootCAs: settings.Roots, ServerName: dc.Host, MinVersion: tls.VersionTLS12})
	if err != nil || settings.Simple {
		return t, nil, err
	}
	bindings, err := endPointBindings(t.ConnectionState().PeerCertificates[0])
	if err != nil {
		return nil, nil, winerr.Errorf(winerr.NotSupported,
			"cannot bind Kerberos to the TLS connection: %w; set security to sealed", err)
	}
	return t, bindings, nil
}

// kerberosLogon binds with Kerberos, and returns the connection as it is to be used from then on.
func kerberosLogon(ctx context.Context, conn net.Conn, dc DC, c Credential, settings Settings, bindings []byte) (net.Conn, error) {
	seal := settings.Security == Sealed
	k := kdc{domain: dc.Domain, service: "ldap/" + dc.Host, address: dc.Address, dial: settings.Dial}
	sc, err := newSecurityContext(ctx, k, c, settings.changeBindings(bindings), seal)
	if err != nil {
		return nil, err
	}
	maxSend, err := bindSASL(ctx, conn, sc, seal)
	if err != nil {
		sc.erase()
		return nil, err
	}
	if !seal {
		sc.erase()
		return conn, nil
	}
	return &sealedConn{Conn: conn, context: sc, maxSend: maxSend}, nil
}

func newSecurityContext(ctx context.Context, k kdc, c Credential, bindings []byte, seal bool) (securityContext, error) {
	if c.CurrentUser {
		return newSSPIContext(k.service, bindings, seal)
	}
	user, err := logOn(ctx, k, c)
	if err != nil {
		return nil, err
	}
	return &krbContext{kerberos: user, bindings: bindings, seal: seal}, nil
}

// principalName returns the user name of a simple bind: user@domain.
func principalName(user, domain string) string {
	if strings.Contains(user, "@") {
		return user
	}
	return user + "@" + domain
}

// LoadRoots reads the certificates of authorities from a PEM file, as ca_file names it. Its errors are winerr.Errors: 2
// when there is no such file, 87 when there is no certificate in it.
func LoadRoots(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, winerr.Errorf(winerr.FileNotFound, "cannot read ca_file: %w", err)
	case err != nil:
		return nil, winerr.Errorf(winerr.AccessDenied, "cannot read ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, winerr.Errorf(winerr.InvalidParameter, "ca_file %s has no certificate in PEM form", path)
	}
	return pool, nil
}
