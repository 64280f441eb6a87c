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
	ImageName   string    `json:"image_name,omitempty"`
	Place       string    `json:"place"` // what tells the image from others: its volume and the path in it
	MachineSID  string    `json:"machine_sid,omitempty"`
	By          string    `json:"by,omitempty"`
	Host        string    `json:"host,omitempty"`
	ReuseReason string    `json:"reuse_reason,omitempty"`
}

// LedgerEntries returns the uses in force that a ledger knows, oldest first; of the SingleUse it only looks at where that
// is. A file that does not exist knows none.
func LedgerEntries(ctx context.Context, at SingleUse) ([]LedgerEntry, error) {
	l, err := at.open(0)
	if err != nil {
		return nil, err
	}
	uses, err := l.InForce(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]LedgerEntry, len(uses))
	for i, u := range uses {
		entries[i] = LedgerEntry{
			Event: string(u.Event), ID: u.ID, At: u.At, Fingerprint: u.Fingerprint,
			MachineName: u.Account.MachineName, Domain: u.Account.Domain, AccountSID: u.Account.SID,
			WindowsPath: u.Image.Path, ImageName: u.Image.Name, Place: u.Image.Place, MachineSID: u.Image.MachineSID,
			By: u.By, Host: u.Host, ReuseReason: u.ReuseReason,
		}
	}
	return entries, nil
}

// UsesInForce are the uses of accounts that a ledger keeps from other images, as they were when it was read.
type UsesInForce struct {
	ledger *ledger.Ledger
	uses   map[string][]ledger.Entry // by the file or volume of the image
}

// ReadUses returns the uses in force of the ledger of a SingleUse; none where it names no ledger.
func ReadUses(ctx context.Context, at SingleUse, wait time.Duration) (*UsesInForce, error) {
	u := &UsesInForce{uses: map[string][]ledger.Entry{}}
	var err error
	if u.ledger, err = at.open(wait); err != nil {
		return nil, err
	}
	force, err := u.ledger.InForce(ctx)
	for _, e := range force {
		at := placeWithoutPartition(e.Image.Place)
		u.uses[at] = append(u.uses[at], e)
	}
	return u, err
}

// placeWithoutPartition returns what all partitions of one disk image file have in common.
func placeWithoutPartition(place string) string {
	volume, _, _ := strings.Cut(place, "|")
	return strings.TrimRight(strings.TrimRight(volume, "0123456789"), "#")
}

// OfGoneDisk says which account a ledger still has in use for a disk that is not there any more, and how that is ended, in a
// sentence; "" for none.
func (u *UsesInForce) OfGoneDisk(at Image) string {
	e, command := u.at(at, "the disk is gone")
	if command == "" {
		return ""
	}
	return "the ledger still has the account of " + e.Account.MachineName + " in use for this disk: if that is no more, release it with `" +
		command + "`"
}

// OfEmptyImage is OfGoneDisk for an image that is there and holds no join: an unstage that was broken off had taken it out, or one
// that did not name the ledger, or another image is at its place.
func (u *UsesInForce) OfEmptyImage(at Image) string {
	e, command := u.at(at, "the join was taken back")
	if command == "" {
		return ""
	}
	return "the ledger still has the account of " + e.Account.MachineName + " in use for this image, which holds no join: if it was " +
		"taken back from here, release it with `" + command + "`"
}

// at returns the first use of an image at a place, and the command that releases it; "" for none.
func (u *UsesInForce) at(image Image, reason string) (e ledger.Entry, command string) {
	here := ledger.NewImage(image.String(), image.Identity())
	for _, e := range u.uses[placeWithoutPartition(here.Place)] {
		if e.Image.At(here) {
			return e, u.ledger.ReleaseCommand(e.ID, reason)
		}
	}
	return ledger.Entry{}, ""
}

// ReleaseRequest asks to end a use that a ledger keeps from other images, because its image is gone.
type ReleaseRequest struct {
	Ledger SingleUse // where it is kept
	ID     string    // of the use, as [LedgerEntry] has it
	Reason string    // why; the ledger keeps it
	By     string    // name/version of the front end
}

// ReleaseUse frees the account of a use, so that it can be staged again. Whoever releases a use says that its image will
// never boot: else two machines get one account. Errors carry 87 without a reason, and 2 when no such use is in force.
func ReleaseUse(ctx context.Context, req ReleaseRequest) error {
	if strings.TrimSpace(req.Reason) == "" {
		return winerr.Errorf(winerr.InvalidParameter, "releasing a use needs a reason, which the ledger keeps: say what became "+
			"of the image")
	}
	l, err := req.Ledger.open(0)
	if err != nil {
		return err
	}
	known, err := l.Released(ctx, req.ID, req.Reason, req.By)
	if err == nil && !known {
		err = winerr.Errorf(winerr.FileNotFound, "the ledger %s has no use %s in force: list it to see them", l,
			plaintext.Line(req.ID, plaintext.Name))
	}
	return err
}

// CheckLedger refuses what is no URL of a ledger's database, or has a password in it (87). The error never shows the value.
func CheckLedger(url string) error { return ledger.CheckURL(url) }

// LedgerSchema returns the SQL that makes a shared ledger's table, with the rights of a builder for a role unless that is empty.
func LedgerSchema(role string) string { return ledger.Schema(role) }

// ImportLedger adds the lines of a ledger file to a shared ledger, and returns how many it had not: again it adds nothing.
// Errors carry 2 when the file is not there, and what the ledger's own do.
func ImportLedger(ctx context.Context, to SingleUse, file string) (added, known int, err error) {
	l, err := to.open(0)
	if err != nil {
		return 0, 0, err
	}
	return l.Import(ctx, file)
}
