package ledger

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// again calls do until it does not end for want of a connection, at most for the time that the ledger waits, which is the
// deadline that do is given. Errors of the rules of a ledger come back as they are. Others carry 170 when somebody has the locks,
// 1460 when the database is away, 2 when it or its table is not there, 5 and 1326 without the right, 2718 without a protected
// connection, 112 when it is full, and 31.
func (s *postgres) again(ctx context.Context, do func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	const first, longest = 20 * time.Millisecond, time.Second
	for delay := first; ; delay = min(2*delay, longest) {
		err := do(limited)
		switch {
		case err == nil, errors.Is(err, errNothing), isOurs(err):
			return err
		case ctx.Err() != nil:
			return stopped(ctx, "the ledger "+s.String())
		case !s.lost(err):
			return s.failed(err)
		}
		select {
		case <-time.After(delay):
		case <-limited.Done():
			if ctx.Err() != nil {
				return stopped(ctx, "the ledger "+s.String())
			}
			return winerr.Errorf(winerr.Timeout, "the database of the ledger %s did not answer within %s (%s): wait until it does, and "+
				"try again", s, s.wait, causeOf(err))
		}
	}
}

func isOurs(err error) bool {
	_, ours := winerr.CodeOf(err)
	return ours
}

// lost reports whether an error says that a connection, or its server, went away, or was too busy to begin with. Then nothing
// was done, or it is looked for.
func (s *postgres) lost(err error) bool {
	if pg, is := errors.AsType[*pgconn.PgError](err); is {
		switch pg.Code {
		case "40001", "40P01", // the transaction gave way to another
			"25P03", "57P05", // we were too slow
			"57P01", "57P02", "57P03", // the server goes down, or comes up
			"53300": // it has no room for another connection
			return true
		}
		return strings.HasPrefix(pg.Code, "08")
	}
	if name, is := errors.AsType[*net.DNSError](err); is && name.IsNotFound {
		return false
	}
	return !errors.Is(err, errDamaged) && !errors.Is(err, errNewer) && !s.insecure(err) && !disagrees(err)
}

// disagrees reports whether an error says that client and server have no way in common to know each other, of which pgconn tells
// by its words alone.
func disagrees(err error) bool {
	if _, network := errors.AsType[net.Error](err); network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	return slices.ContainsFunc([]string{
		"failed GSS auth", "failed SASL auth", "require_auth check failed", "channel binding check failed", "sslcertmode check failed",
	}, func(words string) bool { return strings.Contains(err.Error(), words) })
}

// insecure reports whether an error is about the protection of a connection. Where one without TLS is tried as well, on this
// machine, that the server has none says nothing.
func (s *postgres) insecure(err error) bool {
	plain := func(other *pgconn.FallbackConfig) bool { return other.TLSConfig == nil }
	if s.db.config.TLSConfig == nil || slices.ContainsFunc(s.db.config.Fallbacks, plain) {
		return false
	}
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return verification || authority || name || header || alert || strings.Contains(err.Error(), "server refused TLS connection")
}

// failed returns the sentence for an error that does not pass by itself.
func (s *postgres) failed(err error) error {
	code, way := winerr.GenFailure, "ask the database's administrator"
	pg, isServers := errors.AsType[*pgconn.PgError](err)
	_, noHost := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errDamaged), errors.Is(err, errNewer):
		return winerr.Errorf(winerr.InvalidParameter, "a line of the ledger %s %w, so nobody can tell which accounts are used: mend or "+
			"remove it, or update this program", s, err)
	case noHost:
		code, way = winerr.InvalidParameter, "check the host of the ledger"
	case isServers:
		code, way = serversCode(pg.Code)
	case s.insecure(err):
		code, way = winerr.ConnectionInsecure, "give the server a certificate of an authority that this machine trusts, or name "+
			"that with sslrootcert, and the host by the name that is in the certificate"
	case disagrees(err):
		code, way = winerr.LogonFailure, wayToLogOn
	}
	return winerr.Errorf(code, "the ledger %s cannot be used (%s): %s", s, causeOf(err), way)
}

const wayToLogOn = "check the user of the ledger, and PGPASSWORD, PGPASSFILE or the client certificate"

// serversCode returns the code of an SQLSTATE, and the way out.
func serversCode(state string) (code winerr.Code, way string) {
	switch state {
	case "55P03":
		return winerr.Busy, "another offlinejoin has the account for long: wait until it is done, and try again"
	case "57014":
		return winerr.Timeout, "the server stopped the statement: try again"
	case "42P01", "3F000", "42703":
		return winerr.FileNotFound, "let an administrator run what `offlinejoin ledger schema` prints"
	case "3D000":
		return winerr.FileNotFound, "name a database that is there, or make it"
	case "42501":
		return winerr.AccessDenied, "let an administrator run what `offlinejoin ledger schema --grant ROLE` prints, with the user of " +
			"the ledger as ROLE"
	case "25006", "0A000": // the second is what BEGIN READ WRITE says during recovery
		return winerr.AccessDenied, "it takes no changes, as a standby does: name the primary, or several hosts with " +
			"target_session_attrs=read-write"
	case "53100":
		return winerr.DiskFull, "make room on the server"
	case "22021", "22P05":
		return winerr.InvalidParameter, "names have signs that the database has not: make one with the encoding UTF8"
	}
	if strings.HasPrefix(state, "28") {
		return winerr.LogonFailure, wayToLogOn
	}
	return winerr.GenFailure, "ask the database's administrator"
}

// causeOf returns what the server or the system says, safe for a line.
func causeOf(err error) string {
	if pg, is := errors.AsType[*pgconn.PgError](err); is {
		return plaintext.Line(pg.Message+", SQLSTATE "+pg.Code, plaintext.Name)
	}
	if op, is := errors.AsType[*net.OpError](err); is {
		return plaintext.Line(op.Error(), plaintext.Name)
	}
	if connect, is := errors.AsType[*pgconn.ConnectError](err); is {
		err = connect.Unwrap() // the sentence names the ledger already
	}
	return plaintext.Line(strings.ReplaceAll(err.Error(), "\n", "; "), plaintext.Name)
}
