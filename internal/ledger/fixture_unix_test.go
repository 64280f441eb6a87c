//go:build unix

package ledger_test

import (
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

var server postgres.Lazy // one for all tests of the package

func stopServer() { server.Stop() }

// inDatabase returns an empty ledger in a database, and nil where there is none and need not be one.
func inDatabase(t testing.TB) *ledger.Ledger {
	t.Helper()
	if !postgres.Installed(t) {
		t.Log("the store in PostgreSQL is left out: it is not installed")
		return nil
	}
	_, url := server.Get(t).Schema(t, ledger.Schema)
	return openURL(t, url)
}

func openURL(t testing.TB, url string) *ledger.Ledger {
	t.Helper()
	databases := new(ledger.Databases)
	t.Cleanup(databases.Close)
	l, err := ledger.OpenAt(ledger.Where{URL: url, Databases: databases})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// databaseWith returns the URL of a ledger on a server of its own that waits for the disk, with n uses in it that came long ago:
// the server has done what it does in the minutes after an import.
func databaseWith(b testing.TB, n int, clones bool) string {
	b.Helper()
	s := postgres.Start(b, postgres.Options{Durable: true})
	_, url := s.Schema(b, ledger.Schema)
	path := filepath.Join(b.TempDir(), "before")
	usesBefore(b, path, n, clones)
	if _, _, err := openURL(b, url).Import(b.Context(), path); err != nil {
		b.Fatal(err)
	}
	s.SQL(b, "vacuum analyze")
	s.SQL(b, "checkpoint")
	return url
}
