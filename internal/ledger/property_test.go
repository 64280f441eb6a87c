package ledger_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/ledger"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// machine does what many runs do to one ledger, in any order: stages that begin, end, fail and die, unstaging, torn
// lines, and images that follow one another at one place.
type machine struct {
	l       *ledger.Ledger
	path    string
	open    map[string]underWay // by place; an image's own lock allows one
	holds   map[string]string   // by place: the fingerprint of the join that the image holds
	number  map[string]int      // by place: which image is there
	refused int
}

func places() []string { return []string{"a", "b", "c", "d"} }

type underWay struct {
	use         *ledger.Use
	fingerprint string
}

func (m *machine) claim(t *rapid.T) ledger.Claim {
	account := rapid.IntRange(1, 3).Draw(t, "account")
	c := claim(account, string(rune('0'+account))+rapid.SampledFrom([]string{"x", "y"}).Draw(t, "blob"),
		rapid.SampledFrom(places()).Draw(t, "image"))
	c.Image.File = fmt.Sprintf("42:%d.0", m.number[c.Image.Place])
	held := m.holds[c.Image.Place]
	if c.AlreadyStaged = held == c.Fingerprint; !c.AlreadyStaged {
		c.Replaces = held
	}
	if rapid.IntRange(0, 4).Draw(t, "reuse") == 0 {
		c.Reuse, c.ReuseReason = true, "because"
	}
	return c
}

func (m *machine) begin(t *rapid.T) {
	c := m.claim(t)
	if m.open[c.Image.Place].use != nil {
		t.Skip("the image is locked")
	}
	before := force(t, m.l)
	use, err := m.l.Begin(t.Context(), c)
	if code, _ := winerr.CodeOf(err); code == winerr.AccountReuseBlocked && !c.Reuse {
		m.refused++
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.open[c.Image.Place] = underWay{use, c.Fingerprint}
	checkPassed(t, c, use, before)
}

// checkPassed wants that a blob which is used already passes only with a reason, or for the image that has it.
func checkPassed(t *rapid.T, c ledger.Claim, use *ledger.Use, before []ledger.Entry) {
	for _, e := range use.Earlier() {
		killed := e.Event == ledger.EventIntent && e.Image.File == c.Image.File
		if e.Fingerprint == c.Fingerprint && !c.AlreadyStaged && !killed {
			t.Fatalf("%+v is taken for a use of the image of %+v", e, c)
		}
	}
	for _, e := range before {
		if e.Fingerprint == c.Fingerprint && len(use.Earlier()) == 0 && !c.Reuse {
			t.Fatalf("%+v passed in spite of %+v", c, e)
		}
	}
}

// anyOpen picks a stage that is under way and takes it out.
func (m *machine) anyOpen(t *rapid.T) (place string, stage underWay) {
	for _, name := range places() {
		place := image(name).Place
		if stage, is := m.open[place]; is && rapid.Bool().Draw(t, "this one") {
			delete(m.open, place)
			return place, stage
		}
	}
	t.Skip("none")
	return "", underWay{}
}

func (m *machine) commit(t *rapid.T) {
	place, stage := m.anyOpen(t)
	if err := stage.use.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.holds[place] = stage.fingerprint
}

func (m *machine) cancel(t *rapid.T) {
	_, stage := m.anyOpen(t)
	if err := stage.use.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// die ends a stage before or after it has written its image.
func (m *machine) die(t *rapid.T) {
	place, stage := m.anyOpen(t)
	if rapid.Bool().Draw(t, "written") {
		m.holds[place] = stage.fingerprint
	}
}

// exchange mounts another image at a place.
func (m *machine) exchange(t *rapid.T) {
	place := image(rapid.SampledFrom(places()).Draw(t, "image")).Place
	if m.open[place].use != nil {
		t.Skip("the image is locked")
	}
	m.number[place]++
	delete(m.holds, place)
}

func (m *machine) unstage(t *rapid.T) {
	for _, e := range force(t, m.l) {
		if m.open[e.Image.Place].use == nil && rapid.Bool().Draw(t, "this one") {
			if _, err := m.l.Unstaged(t.Context(), e.Image, e.Fingerprint, "test"); err != nil {
				t.Fatal(err)
			}
			if m.holds[e.Image.Place] == e.Fingerprint {
				delete(m.holds, e.Image.Place)
			}
			return
		}
	}
}

// tear leaves what a crash in the middle of an append leaves.
func (m *machine) tear(t *rapid.T) {
	whole, err := os.ReadFile(m.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	whole = whole[:bytes.LastIndexByte(whole, '\n')+1] // an append first cuts off what an earlier crash left
	line, least := `{"v":2,"event":"cancelled","id":"`, 1
	if len(whole) == 0 {
		least = len(`{"v":2,"event":"c`) // less is refused where nothing else shows that the file is ours
	}
	torn := line[:rapid.IntRange(least, len(line)).Draw(t, "torn")]
	if err := os.WriteFile(m.path, append(whole, torn...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// check wants at most one image without a reason for each account.
func (m *machine) check(t *rapid.T) {
	at := map[string]string{}
	for _, e := range force(t, m.l) {
		if e.ReuseReason != "" {
			continue
		}
		if other := at[e.Account.SID]; other != "" && other != e.Image.Place {
			t.Fatalf("%s is in force for %s and %s without a reason", e.Account.MachineName, other, e.Image.Place)
		}
		at[e.Account.SID] = e.Image.Place
	}
}

// memoryFolder is where waiting for the disk takes no time, if there is such a place.
func memoryFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "offlinejoin-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) // a folder of this test
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
			open: map[string]underWay{}, holds: map[string]string{}, number: map[string]int{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "commit": m.commit, "cancel": m.cancel, "die": m.die, "unstage": m.unstage,
			"exchange": m.exchange, "tear": m.tear, "": m.check,
		})
		refused += m.refused
	})
	if refused == 0 {
		t.Error("nothing was ever refused, so nothing was tested")
	}
}
