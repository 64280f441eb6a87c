//go:build unix

package ledger_test

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// On this machine a server without TLS will do, so that it has none does not hide what it says.
func TestAServerWithoutTLSOnThisMachineSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := postgres.Start(t, postgres.Options{Listen: "127.0.0.1"})
	role, _ := s.Schema(t, ledger.Schema)
	s.SQL(t, "create role refused login; create role gss login; alter role "+role+" password 'x'")
	s.Prepend(t, "pg_hba.conf", "host all refused all reject", "host all gss all gss", "host all all all scram-sha-256")
	s.Restart(t, "fast")
	for _, c := range []struct {
		role, words string
		code        winerr.Code
		want        string
	}{
		{role, "", winerr.LogonFailure, "password authentication failed"},
		{role, "?require_auth=none", winerr.LogonFailure, "check the user"},
		{role, "?channel_binding=require", winerr.LogonFailure, "check the user"},
		{role, "?sslmode=verify-full", winerr.ConnectionInsecure, "give the server a certificate"},
		{"refused", "", winerr.LogonFailure, "rejects connection"},
		{"gss", "", winerr.LogonFailure, "check the user"},
	} {
		l, err := ledger.OpenAt(ledger.Where{
			URL: "postgres://" + c.role + "@127.0.0.1:" + strconv.Itoa(s.Port) + "/postgres" + c.words, Wait: 20 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Begin(t.Context(), claim(1, "one", "a"))
		if winerrOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s%s: %v, want code %d and %q", c.role, c.words, err, c.code, c.want)
		}
	}
}

// A server that goes down between the question for TLS and the connection without it is away, and comes back.
func TestAServerWithoutTLSGoesAwayWhileItIsAsked(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			question := make([]byte, 8) // a request for TLS has no more
			if n, _ := io.ReadFull(conn, question); n == 8 && question[3] == 8 {
				_, _ = conn.Write([]byte("N"))
			}
			_ = conn.Close()
		}
	}()
	l, err := ledger.OpenAt(ledger.Where{URL: "postgres://x@" + listener.Addr().String() + "/joins", Wait: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.Begin(t.Context(), claim(1, "one", "a")); winerrOf(err) != winerr.Timeout {
		t.Errorf("got %v, want code %d", err, winerr.Timeout)
	}
}
