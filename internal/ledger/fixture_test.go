package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	domainSID  = "S-1-5-21-1004336348-1177238915-682003330"
	domainGUID = "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604"
	machineSID = "S-1-5-21-3623811015-3361044348-30300820"
)

// web is the account WEB01, WEB02 … with the RID 1101, 1102 …
func web(n int) ledger.Account {
	name := "WEB0" + string(rune('0'+n))
	return ledger.NewAccount(domainSID, uint32(1100+n), domainGUID, "corp.example.com", name)
}

// fingerprint is that of a blob with a name.
func fingerprint(blob string) string {
	sum := sha256.Sum256([]byte(blob))
	return hex.EncodeToString(sum[:])
}

func image(name string) ledger.Image {
	return ledger.Image{Path: "images/" + name, Place: "file:/images/" + name + ".img|/Windows"}
}

func claim(account int, blob, im string) ledger.Claim {
	return ledger.Claim{Account: web(account), Fingerprint: fingerprint(blob), Image: image(im), By: "test/1.0"}
}

// held is a claim for an image that holds the join already.
func held(c ledger.Claim) ledger.Claim {
	c.AlreadyStaged = true
	return c
}

func newFile(t testing.TB) (*ledger.Ledger, string) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	return ledger.Open(path, 0), path
}

// kinds are the stores, all of which keep the same rules.
func kinds(t *testing.T) map[string]*ledger.Ledger {
	t.Helper()
	inFile, _ := newFile(t)
	all := map[string]*ledger.Ledger{"file": inFile, "memory": ledger.NewRun()}
	if l := inDatabase(t); l != nil {
		all["postgres"] = l
	}
	return all
}

func stage(t testing.TB, l *ledger.Ledger, c ledger.Claim) *ledger.Use {
	t.Helper()
	use := begin(t, l, c)
	if err := use.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return use
}

func begin(t testing.TB, l *ledger.Ledger, c ledger.Claim) *ledger.Use {
	t.Helper()
	use, err := l.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return use
}

func refused(t testing.TB, l *ledger.Ledger, c ledger.Claim) string {
	t.Helper()
	_, err := l.Begin(t.Context(), c)
	if code, _ := winerr.CodeOf(err); code != winerr.AccountReuseBlocked {
		t.Fatalf("error %v, want a refusal with code 2732", err)
	}
	return err.Error()
}

// tester is what testing.T and rapid.T share of what is needed.
type tester interface {
	Helper()
	Fatal(args ...any)
	Context() context.Context
}

func force(t tester, l *ledger.Ledger) []ledger.Entry {
	t.Helper()
	entries, err := l.InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return entries
}
