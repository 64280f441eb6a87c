package offlinejoin

import (
	"context"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
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

// ReleaseRequest asks to end a use that a ledger keeps from other images, because its image is gone.
type ReleaseRequest struct {
	LedgerFile string
	ID         string // of the use, as [LedgerEntry] has it
	Reason     string // why; the ledger keeps it
	By         string // name/version of the front end
}

// ReleaseUse frees the account of a use, so that it can be staged again. Whoever releases a use says that its image will
// never boot: else two machines get one account. Errors carry 87 without a reason, and 2 when no such use is in force.
func ReleaseUse(ctx context.Context, req ReleaseRequest) error {
	if strings.TrimSpace(req.Reason) == "" {
		return winerr.Errorf(winerr.InvalidParameter, "releasing a use needs a reason, which the ledger keeps: say what became "+
			"of the image")
	}
	known, err := ledger.Open(req.LedgerFile, 0).Released(ctx, req.ID, req.Reason, req.By)
	if err == nil && !known {
		err = winerr.Errorf(winerr.FileNotFound, "the ledger %s has no use %s in force: list it to see them", req.LedgerFile,
			plaintext.Line(req.ID, plaintext.Name))
	}
	return err
}
