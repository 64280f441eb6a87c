package ledger

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// TestTextsOfALedgerAreSafe reads a ledger whose every text tries to act on a terminal: no entry, warning or refusal
// carries that on, and what is compared still finds its use.
func TestTextsOfALedgerAreSafe(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;EVIL\x07\u202e\r\n\u009b31m"
	fingerprint := string(bytes.Repeat([]byte("4f"), 32))
	e := Entry{
		Version: Version, Event: EventStaged, ID: "a1" + evil, At: time.Unix(1e9, 0).UTC(), Fingerprint: fingerprint,
		Account: Account{SID: evil, DomainGUID: evil, Domain: evil, MachineName: evil},
		Image:   Image{Path: evil, Place: "file:/" + evil + "|", File: evil, MachineSID: evil},
		By:      evil, Host: evil, ReuseReason: evil,
	}
	line, err := e.line()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger")
	if err := os.WriteFile(path, line, 0o600); err != nil {
		t.Fatal(err)
	}
	l := Open(path, 0)
	all, err := l.Entries(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("Entries: %v, %v", all, err)
	}
	force, err := l.InForce(t.Context())
	if err != nil || len(force) != 1 {
		t.Fatalf("InForce: %v, %v", force, err)
	}
	safe := func(what, text string) {
		t.Helper()
		if text == "" || !plaintext.Safe(text) {
			t.Errorf("%s: %q", what, text)
		}
	}
	for _, e := range []Entry{all[0], force[0]} {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		safe("entry", string(text))
		for what, text := range map[string]string{
			"id": e.ID, "by": e.By, "host": e.Host, "reason": e.ReuseReason, "path": e.Image.Path, "place": e.Image.Place,
			"file": e.Image.File, "machine SID": e.Image.MachineSID, "SID": e.Account.SID, "name": e.Account.MachineName,
			"domain": e.Account.Domain, "GUID": e.Account.DomainGUID,
		} {
			safe(what, text)
		}
	}

	elsewhere := Claim{
		Fingerprint: fingerprint, Account: Account{MachineName: "WEB01"}, Image: Image{Path: "x", Place: "file:/other|"},
	}
	_, _, err = Check(t.Context(), elsewhere, l)
	if err == nil {
		t.Fatal("a second use was not refused")
	}
	safe("refusal", err.Error())
	elsewhere.Reuse, elsewhere.ReuseReason = true, evil
	warnings, _, err := Check(t.Context(), elsewhere, l)
	if err != nil || len(warnings) != 1 {
		t.Fatalf("warnings %q, %v", warnings, err)
	}
	safe("warning", warnings[0])

	here := elsewhere
	here.Image = e.Image
	if _, known, err := Check(t.Context(), here, l); err != nil || !known {
		t.Errorf("the place that was recorded is not found again: known %v, %v", known, err)
	}
}
