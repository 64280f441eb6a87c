//go:build unix

package ledger_test

import (
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

// BenchmarkList reads the uses in force of a ledger with 100,000 of them, as `ledger list` does.
func BenchmarkList(b *testing.B) {
	const uses = 100_000
	list := func(l *ledger.Ledger) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if got := force(b, l); len(got) != uses {
					b.Fatalf("%d uses", len(got))
				}
			}
		}
	}
	path := filepath.Join(b.TempDir(), "ledger")
	usesBefore(b, path, uses, false)
	b.Run("file", list(ledger.Open(path, 0)))
	b.Run("postgres", list(openURL(b, databaseWith(b, uses, false))))
}
