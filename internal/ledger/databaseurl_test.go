package ledger

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// No password gets into a URL, however it is spelt, and no refusal shows one.
func TestURLsOfDatabases(t *testing.T) {
	t.Parallel()
	const secret = "Tr0ub4dor"
	for _, good := range []string{
		"postgres://svc@db.example.com/joins", "postgresql://svc@db.example.com:5433/joins?sslmode=verify-full",
		"postgres://db.example.com", "postgres:///joins?host=/run/postgresql", "postgres://svc@[::1]:5432/joins",
		"postgres://svc@/joins?service=joins&passfile=/run/secrets/pgpass&sslcert=c.pem&sslkey=k.pem",
		"postgres://a@h1,h2:5433/joins?target_session_attrs=read-write", "postgres://a%40b@h/joins%23",
	} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "joins.ledger", "mysql://svc@db/joins", "host=db password=" + secret, "POSTGRES://svc:" + secret + "@db/joins",
		"postgres://svc:" + secret + "@db/joins", "postgresql://svc:" + secret + "@db/joins", "postgres://svc:%54r0ub4dor@db/joins",
		"postgres://:" + secret + "@db/joins", "postgres://svc:@db/joins", "postgres://svc@db/joins?password=" + secret,
		"postgres://svc@db/joins?sslpassword=" + secret, "postgres://svc@db/joins?PASSWORD=" + secret,
		"postgres://svc@db/joins?pass%77ord=" + secret, "postgres://svc@db/joins?sslmode=disable&password=" + secret,
		"postgres://svc:" + secret + "#1@db/joins", "postgres://svc:" + secret + "/1@db/joins", "postgres://svc:12/" + secret + "@db/joins",
		"postgres://svc:12?" + secret + "@db/joins", "postgres://svc:12#" + secret + "@db/joins", "postgres://svc@" + secret + "@db/joins",
		"postgres://svc@db/joins?" + secret, "postgres://svc@db/joins?options=-c%20x%3D" + secret, "postgres://svc@db/joins;password=" + secret + "%",
		"postgres://svc@db/joins;password=" + secret, "postgres://svc@db/joins password=" + secret, "postgres://svc%3A" + secret + "@db/joins",
		"postgres://db/joins?user=svc:" + secret, "postgres://db/joins?dbname=joins;password=" + secret,
		"postgres://db/joins?dbname=joins%3Bpassword%3D" + secret, "postgres://svc@db/joins%3Bpwd=" + secret,
		"postgres://svc@db/joins#" + secret, "postgres://svc@db/joins?a=1;password=" + secret, " postgres://svc:" + secret + "@db/joins",
	} {
		err := CheckURL(bad)
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter {
			t.Errorf("%s: %v", bad, err)
			continue
		}
		if strings.Contains(err.Error(), "r0ub4dor") {
			t.Errorf("%s is shown: %v", bad, err)
		}
	}
}

// What goes over a network is encrypted, and the server shows a certificate that is looked at.
func TestOnlyLoopbackAndSocketsGoWithoutTLS(t *testing.T) {
	for _, c := range []struct {
		url, mode string
		code      winerr.Code
		tls       bool
	}{
		{"postgres://a@db.example.com/joins", "", 0, true},
		{"postgres://a@127.0.0.1/joins", "", 0, false},
		{"postgres://a@localhost/joins", "", 0, false},
		{"postgres://a@[::1]/joins", "", 0, false},
		{"postgres:///joins?host=/run/postgresql", "", 0, false},
		{"postgres://a@/joins?host=db.example.com", "", 0, true},
		{"postgres://a@127.0.0.1,db.example.com/joins", "", 0, true},
		{"postgres://a@127.0.0.1/joins?sslmode=disable", "", 0, false},
		{"postgres://a@db.example.com/joins?sslmode=verify-full", "disable", 0, true},
		{"postgres://a@db.example.com/joins?sslmode=verify-ca", "", 0, true},
		{"postgres://a@db.example.com/joins?sslmode=disable", "", winerr.ConnectionInsecure, false},
		{"postgres://a@db.example.com/joins?sslmode=prefer", "", winerr.ConnectionInsecure, false},
		{"postgres://a@db.example.com/joins?sslmode=allow", "", winerr.ConnectionInsecure, false},
		{"postgres://a@db.example.com/joins?sslmode=require", "", winerr.ConnectionInsecure, false},
		{"postgres://a@db.example.com/joins", "require", winerr.ConnectionInsecure, false},
		{"postgres://a@127.0.0.1,db.example.com/joins?sslmode=disable", "", winerr.ConnectionInsecure, false},
		{"postgres://a@db.example.com/joins?sslmode=sometimes", "", winerr.InvalidParameter, false},
	} {
		t.Setenv("PGSSLMODE", c.mode)
		config, err := databaseOf(c.url)
		if code, _ := winerr.CodeOf(err); code != c.code {
			t.Errorf("%s, PGSSLMODE=%s: %v, want code %d", c.url, c.mode, err, c.code)
			continue
		}
		if err == nil && c.tls && !verifies(config.TLSConfig) && len(config.Fallbacks) == 0 {
			t.Errorf("%s: no TLS", c.url)
		}
	}
}
