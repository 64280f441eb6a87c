package hostiletext

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// Ledger makes a ledger with one use of a blob, by its fingerprint, for the machine WEB01 in another image, in which every
// other text is hostile. It returns the file.
func Ledger(t testing.TB, fingerprint string) string {
	t.Helper()
	line, err := json.Marshal(map[string]any{
		"v": 2, "event": "staged", "id": In("ID"), "at": "2026-11-24T12:00:00Z", "fingerprint": fingerprint,
		"account": map[string]string{
			"machine_name": In("LedgerMachine"), "domain": In("LedgerDomain"), "sid": In("LedgerSID"), "domain_guid": In("GUID"),
		},
		"image": map[string]string{
			"path": In("LedgerPath"), "host": In("ImageHost"), "place": In("Place"), "file": In("File"),
			"machine_sid": In("MachineSID"), "computer_name": In("LedgerComputer"),
		},
		"by": In("By"), "host": In("Host"), "reuse_reason": In("Reason"),
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "uses.ledger")
	write(t, file, append(line, '\n'))
	return file
}
