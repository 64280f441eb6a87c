package activedirectory

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// answers serves the steps of a bind, each with the bytes that a function of its number returns.
func answers(t *testing.T, steps ...func(id int64) []byte) net.Conn {
	t.Helper()
	return server(t, func(conn net.Conn) error {
		for _, step := range steps {
			m, err := readMessage(conn, maxHandshake)
			if err != nil {
				return err
			}
			id, _, _, err := parseMessage(m)
			if err != nil {
				return err
			}
			if _, err := conn.Write(step(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func apRep(id int64) []byte {
	token, err := initialToken(tokenAPRep, []byte("AP-REP"))
	if err != nil {
		panic(err)
	}
	return bindResponse(id, ldap.LDAPResultSaslBindInProgress, token)
}

func offer(layers ...byte) func(id int64) []byte {
	return func(id int64) []byte {
		return bindResponse(id, ldap.LDAPResultSaslBindInProgress, newAcceptor().wrap(layers, false))
	}
}

func success(id int64) []byte { return bindResponse(id, 0, nil) }

func TestBindSASL(t *testing.T) {
	t.Parallel()
	for _, seal := range []bool{true, false} {
		k := &krbContext{kerberos: &testKerberos{}, seal: seal}
		n, err := bindSASL(t.Context(), answers(t, apRep, offer(7, 0, 0x10, 0), success), k, seal)
		if err != nil || n != 0x1000 {
			t.Errorf("%d %v", n, err)
		}
	}
}

func TestBindSASLRefuses(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]func(int64) []byte{
		"an end before the proof":      {success},
		"an end before the layer":      {apRep, success},
		"no encryption":                {apRep, offer(3, 0xff, 0xff, 0xff)},
		"frames that are too small":    {apRep, offer(7, 0, 0, 64)},
		"a short offer":                {apRep, offer(7)},
		"a step too many":              {apRep, offer(7, 0xff, 0xff, 0xff), offer(7, 0xff, 0xff, 0xff)},
		"a proof that is not one":      {func(id int64) []byte { return bindResponse(id, 14, []byte("AP-REP")) }},
		"no credentials":               {func(id int64) []byte { return bindResponse(id, 14, nil) }},
		"an answer to another request": {func(id int64) []byte { return apRep(id + 1) }},
		"an answer to a search":        {func(id int64) []byte { return ldapMessage(id, ldapResult(ldap.ApplicationSearchResultDone, 14, "")) }},
		"what is not LDAP":             {func(int64) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }},
		"a refusal":                    {func(id int64) []byte { return bindResponse(id, 49, nil) }},
		"an offer of another key's owner": {apRep, func(id int64) []byte {
			return bindResponse(id, 14, (&acceptor{key: testKey{3}, sent: 100, flags: 5}).wrap([]byte{7, 255, 255, 255}, false))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &krbContext{kerberos: &testKerberos{}, seal: true}
			if _, err := bindSASL(t.Context(), answers(t, steps...), k, true); err == nil {
				t.Error("accepted")
			}
		})
	}
}

// Bytes that come with the answer to StartTLS, before TLS, are not LDAP that somebody smuggles in.
func TestStartTLSTakesNothingFromBeforeTLS(t *testing.T) {
	t.Parallel()
	extended := func(id, code int64) []byte {
		return ldapMessage(id, ldapResult(ldap.ApplicationExtendedResponse, code, ""))
	}
	for name, step := range map[string]func(int64) []byte{
		"an answer with a message behind it": func(id int64) []byte { return append(extended(id, 0), entryAndDone(id+1)...) },
		"a refusal":                          func(id int64) []byte { return extended(id, 52) },
		"an answer of another kind":          success,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := startTLS(t.Context(), answers(t, step), &tls.Config{ServerName: "dc1.corp.example.com", MinVersion: tls.VersionTLS12})
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestPrincipalName(t *testing.T) {
	t.Parallel()
	if got := principalName("u", "corp.example.com"); got != "u@corp.example.com" {
		t.Error(got)
	}
	if got := principalName("u@b", "corp.example.com"); got != "u@b" {
		t.Error(got)
	}
}
