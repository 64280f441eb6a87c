package ledger

import (
	"crypto/tls"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// urlWords are what may stand behind the ? of a database's URL, in the words of libpq. Secrets, and what would change how a
// session works, may not.
func urlWords() []string {
	return []string{
		"host", "port", "user", "dbname", "application_name", "connect_timeout", "target_session_attrs", "service", "servicefile",
		"passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslsni", "sslnegotiation", "sslcertmode", "channel_binding",
		"require_auth", "krbsrvname", "krbspn",
	}
}

// CheckURL refuses what is no URL of a PostgreSQL database, or has a password in it (87). The error never shows the value:
// what it is mistaken for may be a secret.
func CheckURL(value string) error {
	const where = "PGPASSWORD, a file that PGPASSFILE names, or a client certificate (sslcert)"
	rest, ours := strings.CutPrefix(value, "postgres://")
	if !ours {
		rest, ours = strings.CutPrefix(value, "postgresql://")
	}
	if !ours {
		return winerr.Errorf(winerr.InvalidParameter, "ledger is no URL of a PostgreSQL database: write one such as "+
			"postgres://user@db.example.com/joins, or name a file with ledger_file")
	}
	authority, path, _ := strings.Cut(rest, "/")
	u, err := url.Parse(value)
	var query url.Values
	if err == nil {
		query, err = url.ParseQuery(u.RawQuery)
	}
	if err != nil || u.Fragment != "" || strings.HasSuffix(value, "#") || strings.ContainsAny(path, "@") || strings.Count(authority, "@") > 1 {
		return winerr.Errorf(winerr.InvalidParameter, "ledger is no URL that can be read, and is not shown, as it may hold a "+
			"password: write postgres://user@db.example.com/joins, signs such as # / ? @ in a name as %%23 %%2F %%3F %%40, and "+
			"give a password by %s", where)
	}
	_, hasPassword := u.User.Password()
	hasPassword = hasPassword || mistaken(u.Path) || strings.Contains(u.User.Username(), ":")
	for word, values := range query {
		hasPassword = hasPassword || slices.ContainsFunc(values, mistaken) || word == "user" && strings.Contains(strings.Join(values, ""), ":")
		switch {
		case strings.Contains(strings.ToLower(word), "password"):
			hasPassword = true
		case !slices.Contains(urlWords(), word):
			return winerr.Errorf(winerr.InvalidParameter, "ledger has a word behind its ? that is not known: known are %s",
				strings.Join(urlWords(), ", "))
		}
	}
	if hasPassword {
		return winerr.Errorf(winerr.InvalidParameter, "ledger has a password in it, which plans, state and logs would show: take it "+
			"out, and give it by %s", where)
	}
	return nil
}

// mistaken reports whether a name is what other programs write behind a database, such as joins;password=…
func mistaken(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password=") || strings.Contains(name, "pwd=")
}

// databaseOf returns how the database of a URL is reached: what the URL does not say comes from libpq's environment variables
// and service file. Everything but loopback and sockets is reached by TLS alone, with the server's certificate verified (2718).
func databaseOf(value string) (*pgconn.Config, error) {
	if err := CheckURL(value); err != nil {
		return nil, err
	}
	config, err := parseConfig(value)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(value)
	if err != nil {
		return nil, err
	}
	query := u.Query()
	if !query.Has("sslmode") && os.Getenv("PGSSLMODE") == "" && !protected(config) {
		query.Set("sslmode", "verify-full")
		u.RawQuery = query.Encode()
		if config, err = parseConfig(u.String()); err != nil {
			return nil, err
		}
	}
	if !protected(config) {
		return nil, winerr.Errorf(winerr.ConnectionInsecure, "the ledger at %s would be reached without TLS, or without a look at the "+
			"server's certificate: leave sslmode out, or set it to verify-full, with sslrootcert for an authority of your own",
			plaintext.Line(config.Host, plaintext.Name))
	}
	return config, nil
}

func parseConfig(value string) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(value)
	if err != nil { // its text may show parts of the URL, and of the service file
		return nil, winerr.Errorf(winerr.InvalidParameter, "what ledger, the variables PG… and the service file say together is no "+
			"way to a database: check host, port, sslmode, and the files that are named")
	}
	return config, nil
}

// protected reports whether nobody on the way can read or change what goes to the database.
func protected(config *pgconn.Config) bool {
	safe := here(config.Host) || verifies(config.TLSConfig)
	for _, other := range config.Fallbacks {
		safe = safe && (here(other.Host) || verifies(other.TLSConfig))
	}
	return safe
}

func here(host string) bool {
	if network, _ := pgconn.NetworkAddress(host, 0); network == "unix" || strings.HasPrefix(host, "@") || host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func verifies(config *tls.Config) bool {
	return config != nil && (!config.InsecureSkipVerify || config.VerifyPeerCertificate != nil || config.VerifyConnection != nil)
}
