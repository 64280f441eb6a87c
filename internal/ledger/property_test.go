package ledger_test

import (
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// machine does what many runs do to one ledger, in any order: stages that begin, end, fail and die, unstaging, torn
// lines.
type machine struct {
	l       *ledger.Ledger
	path    string
	open    map[ledger.Image]*ledger.Use // stages under way; an image's own lock allows one
	staged  map[ledger.Image]ledger.Claim
	refused int
}

func (m *machine) claim(t *rapid.T) ledger.Claim {
	account := rapid.IntRange(1, 3).Draw(t, "account")
	c := claim(account, string(rune('0'+account))+rapid.SampledFrom([]string{"x", "y"}).Draw(t, "blob"),
		rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "image"))
	if rapid.IntRange(0, 4).Draw(t, "reuse") == 0 {
		c.Reuse, c.ReuseReason = true, "because"
	}
	return c
}

func (m *machine) begin(t *rapid.T) {
	c := m.claim(t)
	if m.open[c.Image] != nil {
		t.Skip("the image is locked")
	}
	if old, is := m.staged[c.Image]; is {
		c.Replaces = old.Fingerprint
	}
	use, err := m.l.Begin(t.Context(), c)
	if code, _ := winerr.CodeOf(err); code == winerr.AccountReuseBlocked && !c.Reuse {
		m.refused++
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.open[c.Image] = use
	m.staged[c.Image] = c // or will be; unstaging what is not there does nothing
}

// anyOpen picks a stage that is under way and takes it out.
func (m *machine) anyOpen(t *rapid.T) *ledger.Use {
	for _, name := range []string{"a", "b", "c", "d"} {
		if use := m.open[image(name)]; use != nil && rapid.Bool().Draw(t, "this one") {
			delete(m.open, image(name))
			return use
		}
	}
	t.Skip("none")
	return nil
}

func (m *machine) commit(t *rapid.T) {
	if err := m.anyOpen(t).Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) cancel(t *rapid.T) {
	if err := m.anyOpen(t).Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) die(t *rapid.T) { m.anyOpen(t) }

func (m *machine) unstage(t *rapid.T) {
	for _, e := range force(t, m.l) {
		if m.open[e.Image] == nil && rapid.Bool().Draw(t, "this one") {
			if _, err := m.l.Unstaged(t.Context(), e.Image, e.Fingerprint, "test"); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// tear leaves what a crash in the middle of an append leaves.
func (m *machine) tear(t *rapid.T) {
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line := `{"v":1,"event":"cancelled","id":"`
	if _, err := f.WriteString(line[:rapid.IntRange(1, len(line)).Draw(t, "torn")]); err != nil {
		t.Fatal(err)
	}
}

// check wants at most one image without a reason for each account.
func (m *machine) check(t *rapid.T) {
	places := map[string]string{}
	for _, e := range force(t, m.l) {
		if e.ReuseReason != "" {
			continue
		}
		if other := places[e.Account.SID]; other != "" && other != e.Image.Place {
			t.Fatalf("%s is in force for %s and %s without a reason", e.Account.MachineName, other, e.Image.Place)
		}
		places[e.Account.SID] = e.Image.Place
	}
}

// memoryFolder is where waiting for the disk takes no time, if there is such a place.
func memoryFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "offlinejoin-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a folder of this test
	return dir
}

func TestNeverTwoImagesWithoutAReason(t *testing.T) {
	t.Parallel()
	dir := memoryFolder(t)
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		f, err := os.CreateTemp(dir, "*.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		m := &machine{
			l: ledger.Open(f.Name(), 0), path: filepath.Clean(f.Name()),
			open: map[ledger.Image]*ledger.Use{}, staged: map[ledger.Image]ledger.Claim{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "commit": m.commit, "cancel": m.cancel, "die": m.die, "unstage": m.unstage,
			"tear": m.tear, "": m.check,
		})
		refused += m.refused
	})
	if refused == 0 {
		t.Error("nothing was ever refused, so nothing was tested")
	}
}
