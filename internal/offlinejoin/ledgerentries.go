package offlinejoin

import (
	"context"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
)

// LedgerEntry is one use of an account that a ledger keeps from other images. It holds no secret.
type LedgerEntry struct {
	Event       string    `json:"event"` // intent (a stage that was not seen to end), staged or completed
	ID          string    `json:"id"`
	At          time.Time `json:"at"`
	Fingerprint string    `json:"fingerprint"`
	MachineName string    `json:"machine_name"`
	Domain      string    `json:"domain"`
	AccountSID  string    `json:"account_sid,omitempty"`
	WindowsPath string    `json:"windows_path"` // as the user called the image
	Place       string    `json:"place"`        // what tells the image from others: its volume and the path in it
	MachineSID  string    `json:"machine_sid,omitempty"`
	By          string    `json:"by,omitempty"`
	Host        string    `json:"host,omitempty"`
	ReuseReason string    `json:"reuse_reason,omitempty"`
}

// LedgerEntries returns the uses in force that the ledger in a file knows, oldest first. A ledger that does not exist
// knows none.
func LedgerEntries(ctx context.Context, path string) ([]LedgerEntry, error) {
	uses, err := ledger.Open(path, 0).InForce(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]LedgerEntry, len(uses))
	for i, u := range uses {
		entries[i] = LedgerEntry{
			Event: string(u.Event), ID: u.ID, At: u.At, Fingerprint: u.Fingerprint,
			MachineName: u.Account.MachineName, Domain: u.Account.Domain, AccountSID: u.Account.SID,
			WindowsPath: u.Image.Path, Place: u.Image.Place, MachineSID: u.Image.MachineSID,
			By: u.By, Host: u.Host, ReuseReason: u.ReuseReason,
		}
	}
	return entries, nil
}
