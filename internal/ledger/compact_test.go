package ledger

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// entryOf is a line about the account and the image n.
func entryOf(event Event, id string, n int, ends ...string) Entry {
	e := Entry{
		Version: Version, Event: event, ID: id, At: time.Unix(1e9+int64(n), 0).UTC(), Fingerprint: fmt.Sprintf("%064x", n),
		Account: NewAccount("S-1-5-21-1-2-3", uint32(1000+n), "", "corp.example.com", fmt.Sprintf("M%06d", n)),
		Image:   Image{Path: fmt.Sprint("images/", n), Host: "here#1", Place: fmt.Sprintf("file:/images/%d.img|/Windows", n)},
		By:      "test/1.0", Ends: ends,
	}
	return e
}

func claimOf(n int) Claim {
	e := entryOf(EventIntent, "", n)
	return Claim{Account: e.Account, Fingerprint: e.Fingerprint, Image: e.Image, By: e.By}
}

func linesOf(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var all []byte
	for _, e := range entries {
		line, err := e.line()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, line...)
	}
	return all
}

// used are the lines of n uses that were staged, of which every tenth has ended and every eleventh was stopped half-way.
func used(n int) (entries []Entry) {
	for i := range n {
		id := fmt.Sprintf("%016x", i)
		entries = append(entries, entryOf(EventIntent, id, i))
		if i%11 == 0 {
			continue
		}
		entries = append(entries, entryOf(EventStaged, id, i))
		if i%10 == 0 {
			entries = append(entries, entryOf(EventUnstaged, id, i, id))
		}
	}
	return entries
}

// names are the uses in force, with their last events.
func names(entries []Entry) (all []string) {
	for _, e := range inForce(entries) {
		all = append(all, fmt.Sprint(e.ID, " ", e.Event, " ", e.Image.Place, " ", e.Account.MachineName))
	}
	slices.Sort(all)
	return all
}

func mustRead(t testing.TB, l *Ledger) []Entry {
	t.Helper()
	entries, err := l.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestAFileIsCompactedAndForgetsNoAccountInForce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger")
	before := used(2000)
	content := append(linesOf(t, before), `{"v":2,"event":"sta`...) // what a crash cut off
	if err := os.WriteFile(path, content, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+newSuffix, []byte("left by a run that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := Open(path, 0)
	use, err := l.Begin(t.Context(), claimOf(5000))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > int64(len(content))*6/10 {
		t.Fatalf("%d bytes were %d, %v", info.Size(), len(content), err)
	}
	if os.PathSeparator == '/' && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, was 0640", info.Mode())
	}
	if _, err := os.Lstat(path + newSuffix); err == nil {
		t.Error("the new file is left")
	}
	after := mustRead(t, l)
	want := names(append(before, entryOf(EventIntent, after[len(after)-1].ID, 5000)))
	if got := names(after); !slices.Equal(got, want) {
		t.Errorf("%d uses in force, want %d", len(got), len(want))
	}
	for n, refused := range map[int]bool{1: true, 11: true, 20: false, 110: true, 1999: true, 5000: true} {
		c := claimOf(n)
		c.Image.Place = "file:/images/another.img|/Windows"
		_, _, err := Check(t.Context(), c, l)
		if got := codeOf(err) == winerr.AccountReuseBlocked; got != refused {
			t.Errorf("account %d: %v, want a refusal: %v", n, err, refused)
		}
	}
	if err := use.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := os.Stat(path); err != nil || os.SameFile(info, again) == false {
		t.Errorf("the file is replaced for each line, %v", err)
	}
}

// What cannot be replaced is not: it only grows.
func TestAFileThatCannotBeReplacedGrows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger")
	content := linesOf(t, used(2000))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, filepath.Join(dir, "another name")); err != nil {
		t.Skip("skipped: no second names here")
	}
	if _, err := Open(path, 0).Begin(t.Context(), claimOf(5000)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "another name"))
	if err != nil || !bytes.HasPrefix(got, content) || len(got) == len(content) {
		t.Errorf("%d bytes were %d, %v", len(got), len(content), err)
	}
}

func TestTheBoundIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger")
	var staged []Entry // nothing to leave out
	for n := range 2000 {
		staged = append(staged, entryOf(EventStaged, fmt.Sprintf("%016x", n), n))
	}
	content := linesOf(t, staged)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	l := Open(path, 0)
	f := l.store.(*file)
	f.bound = int64(len(content)) + 100
	warnings, _, err := Check(t.Context(), claimOf(5000), l)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "MiB of at most") {
		t.Errorf("warnings %q, %v", warnings, err)
	}
	_, err = l.Begin(t.Context(), claimOf(5000))
	if codeOf(err) != winerr.InvalidParameter || !strings.Contains(err.Error(), "ledger release") || strings.Contains(err.Error(), "move it away") {
		t.Errorf("error %v", err)
	}
	f.bound *= 2
	if warnings, _, err = Check(t.Context(), claimOf(5000), l); err != nil || len(warnings) != 0 {
		t.Errorf("warnings %q, %v", warnings, err)
	}
}

// Whoever reads or claims while others compact sees all uses in force.
func TestReadingWhileAFileIsCompacted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger")
	content := linesOf(t, used(1500))
	ctx, stop := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		reading.Go(func() {
			for ctx.Err() == nil {
				c := claimOf(1499)
				c.Image.Place = "elsewhere|"
				if _, _, err := Check(context.WithoutCancel(ctx), c, Open(path, 0)); codeOf(err) != winerr.AccountReuseBlocked {
					t.Errorf("error %v", err)
					return
				}
			}
		})
	}
	for n := range 20 {
		replaced := path + ".test"
		if err := os.WriteFile(replaced, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(replaced, path); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, 0).Begin(t.Context(), claimOf(5000+n)); err != nil {
			t.Error(err)
		}
	}
	stop()
	reading.Wait()
}

// For any lines, the same uses are in force after a compaction.
func TestCompactionKeepsWhatIsInForce(t *testing.T) {
	t.Parallel()
	events := []Event{EventIntent, EventStaged, EventCancelled, EventUnstaged, EventCompleted, EventReleased}
	rapid.Check(t, func(t *rapid.T) {
		var all []byte
		use := rapid.SampledFrom([]string{"a", "b", "c", "d", `q"uote`, "<&>"})
		for n := range rapid.IntRange(1, 30).Draw(t, "lines") {
			e := entryOf(rapid.SampledFrom(events).Draw(t, "event"), use.Draw(t, "use"), n)
			if e.Event == EventUnstaged || e.Event == EventReleased || e.Event == EventStaged && rapid.Bool().Draw(t, "ends") {
				e.Ends = rapid.SliceOfN(use, 1, 3).Draw(t, "ended")
			}
			e.ReuseReason = rapid.SampledFrom([]string{"", `"ends":["a"]`, "\u2028"}).Draw(t, "reason")
			e.Version = rapid.IntRange(1, 2).Draw(t, "version")
			line, err := e.line()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, line...)
			if rapid.IntRange(0, 9).Draw(t, "blank") == 0 {
				all = append(all, "\r\n"...)
			}
		}
		whole, _, err := parse(all, wanted{all: true})
		if err != nil {
			t.Fatal(err)
		}
		var to bytes.Buffer
		size, err := copyInForce(&to, io.NewSectionReader(bytes.NewReader(all), 0, int64(len(all))))
		if err != nil || size != int64(to.Len()) {
			t.Fatalf("%d bytes of %d, %v", to.Len(), size, err)
		}
		kept, _, err := parse(to.Bytes(), wanted{all: true})
		if err != nil || !slices.Equal(names(kept), names(whole)) {
			t.Fatalf("in force\n%q, want\n%q, %v", names(kept), names(whole), err)
		}
		if _, tally, _ := scan(bytes.NewReader(to.Bytes()), wanted{}); tally.over > 0 {
			t.Fatalf("%d of %d lines are over at once: each line would compact again", tally.over, tally.lines)
		}
	})
}

// A question about one account decodes few lines, however many clones and ended uses there are (10,000 clones made each
// begin 13 times as long).
func TestFewLinesAreDecoded(t *testing.T) {
	t.Parallel()
	var entries []Entry
	for n := range 3000 {
		e := entryOf(EventStaged, fmt.Sprintf("%016x", n), n)
		e.Image.MachineSID = "S-1-5-21-7-7-7"
		entries = append(entries, e)
		if n%2 == 0 {
			entries = append(entries, entryOf(EventUnstaged, e.ID, n, e.ID))
		}
	}
	c := claimOf(7)
	c.Image.MachineSID = "S-1-5-21-7-7-7"
	some, _, err := parse(linesOf(t, entries), c.wanted())
	if err != nil || len(some) > 2*lastClones {
		t.Errorf("%d entries of %d are decoded, %v", len(some), len(entries), err)
	}
	var m mark
	m.look(inForce(some), c)
	if len(m.clones) == 0 || m.clones[len(m.clones)-1].Account.MachineName != "M002999" || len(m.same)+len(m.others) != 1 {
		t.Errorf("clones %+v, same %d, others %d", m.clones, len(m.same), len(m.others))
	}
}
