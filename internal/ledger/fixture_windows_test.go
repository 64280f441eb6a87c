package ledger_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

func stopServer() {}

// inDatabase returns nothing: the tests over a database run on Unix.
func inDatabase(testing.TB) *ledger.Ledger { return nil }

func databaseWith(b testing.TB, _ int, _ bool) string {
	b.Skip("skipped: a server is started on Unix")
	return ""
}

func openURL(testing.TB, string) *ledger.Ledger { return nil }
