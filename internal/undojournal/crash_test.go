package undojournal_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

const journalName = "image.raw" + undojournal.Suffix

// crashStates is how many states of the disk TestCrash looks at; OFFLINEJOIN_CRASH_STATES asks for more (`make crash`).
func crashStates(t testing.TB) int {
	t.Helper()
	text := os.Getenv("OFFLINEJOIN_CRASH_STATES")
	if text == "" {
		return 600
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCrash cuts the power at any operation of a change, and of its recovery up to three times. Whatever the disk then
// holds must be seen by a reader as the old or the new file, and become exactly that by recovery.
func TestCrash(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 5))
	seen := map[string]int{}
	for state := range crashStates(t) {
		what, twice := crashOnce(t, randomTrial(r), r)
		if t.Failed() {
			t.Fatalf("state %d", state)
		}
		seen[what]++
		if twice {
			seen["crashed in recovery"]++
		}
	}
	t.Logf("%v", seen)
	for _, what := range []string{"old", "new", "crashed in recovery"} {
		if seen[what] == 0 {
			t.Errorf("no state was %q: this test proves nothing", what)
		}
	}
}

func crashOnce(t *testing.T, c trial, r *rand.Rand) (what string, twice bool) {
	t.Helper()
	rehearsal := powercut.New(c.old)
	if _, err := undojournal.Write(rehearsal.Image(), rehearsal.Folder(), journalName, c.change, nil); err != nil {
		t.Fatal(err)
	}
	if !c.isNew(rehearsal.Durable()) {
		t.Fatal("without a crash the file is not the new one")
	}
	noSecret(t, rehearsal)
	m := powercut.New(c.old)
	cut := r.IntN(rehearsal.Operations() + 1)
	m.CutAt(cut)
	_, err := undojournal.Write(m.Image(), m.Folder(), journalName, c.change, nil)
	if (err == nil) != (cut == rehearsal.Operations()) {
		t.Fatalf("the power failed in operation %d of %d: %v", cut, rehearsal.Operations(), err)
	}
	mustBeNew := err == nil
	m = m.Reboot(r)
	for range 3 {
		if r.IntN(2) == 0 {
			continue
		}
		m.CutAt(m.Operations() + r.IntN(8))
		if _, err := undojournal.Recover(m.Image(), m.Folder(), journalName, nil); err != nil && !errors.Is(err, powercut.ErrPower) {
			t.Fatal(err)
		}
		if m.Failed() {
			twice = true
			m = m.Reboot(r)
		}
		m.Heal()
	}
	return settle(t, c, m, mustBeNew), twice
}

// settle recovers a machine, after looking at it as a reader, and reports what the file is then.
func settle(t *testing.T, c trial, m *powercut.Machine, mustBeNew bool) string {
	t.Helper()
	view := viewed(t, m)
	if _, err := undojournal.Recover(m.Image(), m.Folder(), journalName, nil); err != nil {
		t.Error(err)
		return ""
	}
	noSecret(t, m)
	if _, there := m.Journal(); there {
		t.Error("the journal is still there")
	}
	got := m.Durable()
	if !bytes.Equal(got, m.Content()) {
		t.Error("what recovery did is not durable")
	}
	switch {
	case c.isNew(got):
		if !bytes.Equal(view, got) {
			t.Error("a reader did not see the new file")
		}
		return "new"
	case c.isOld(got) && !mustBeNew:
		for i := range view {
			if view[i] != c.old[i] && !c.fills[i] {
				t.Errorf("a reader did not see the old file, at %d", i)
				break
			}
		}
		return "old"
	}
	t.Errorf("neither the old nor the new file (it must be new: %v)", mustBeNew)
	return ""
}

// viewed returns the file as a reader sees it who may not recover it.
func viewed(t *testing.T, m *powercut.Machine) []byte {
	t.Helper()
	v, err := undojournal.View(m.Image(), m.Folder(), journalName, nil)
	if err != nil {
		t.Fatal(err)
	}
	size, err := v.Size()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(v, 0, size))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noSecret fails when a journal has ever held the new secret, or the old one from a range that is wiped.
func noSecret(t *testing.T, m *powercut.Machine) {
	t.Helper()
	for _, b := range m.JournalWrites() {
		for _, secret := range []string{oldSecret, newSecret} {
			if bytes.Contains(b, []byte(secret[:6])) {
				t.Errorf("a journal holds %q", secret)
			}
		}
	}
}

// TestFailingDisk fails each operation of a change in turn: once, or from then on; with nothing or half of the data
// written. Then the disk works again and the file is recovered.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 6))
	states := map[undojournal.State]int{}
	for range 40 {
		c := randomTrial(r)
		for kind := range 4 {
			for at := 0; ; at++ {
				m := powercut.New(c.old)
				m.FailAt(at, kind&1 != 0, kind&2 != 0)
				if !failOnce(t, c, m, states) {
					break
				}
				if t.Failed() {
					t.Fatalf("operation %d, kind %d", at, kind)
				}
			}
		}
	}
	t.Logf("%v", states)
	for _, s := range []undojournal.State{undojournal.Unchanged, undojournal.Uncertain, undojournal.Changed} {
		if states[s] == 0 {
			t.Errorf("no failure left the state %d: this test proves nothing", s)
		}
	}
}

// failOnce reports whether the fault has struck.
func failOnce(t *testing.T, c trial, m *powercut.Machine, states map[undojournal.State]int) bool {
	t.Helper()
	_, err := undojournal.Write(m.Image(), m.Folder(), journalName, c.change, nil)
	failure, ok := errors.AsType[*undojournal.WriteError](err)
	if ok {
		states[failure.State]++
	}
	if m.Failed() && err != nil && !errors.Is(err, powercut.ErrDisk) {
		t.Errorf("the cause is not named: %v", err)
	}
	hit := m.Failed()
	if ok && failure.State == undojournal.Unchanged && !bytes.Equal(m.Content(), c.old) {
		t.Error("the file is said to be unchanged, but it is not")
	}
	m.Heal()
	what := settle(t, c, m, err == nil || ok && failure.State == undojournal.Changed)
	if ok && failure.State == undojournal.Unchanged && what != "old" && !c.isNew(c.old) {
		t.Errorf("the file is said to be unchanged, but it is %s", what)
	}
	return hit
}

// TestForeign changes one sector between a crash and the recovery: that must be noticed, and nothing touched.
func TestForeign(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 7))
	noticed := 0
	for range 400 {
		c := randomTrial(r)
		m := powercut.New(c.old)
		m.CutAt(4 + r.IntN(8))
		if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, c.change, nil); err == nil {
			continue
		}
		m = m.Reboot(r)
		sectors := undojournal.Restorable(journalOf(m))
		if len(sectors) == 0 {
			continue
		}
		s := sectors[r.IntN(len(sectors))]
		m.Overwrite(s[0], []byte("somebody else's")[:min(15, s[1]-s[0])])
		image, before := bytes.Clone(m.Content()), bytes.Clone(journalOf(m))
		_, err := undojournal.Recover(m.Image(), m.Folder(), journalName, nil)
		if !isForeign(err) {
			t.Fatalf("error %v", err)
		}
		if _, err = undojournal.View(m.Image(), m.Folder(), journalName, nil); !isForeign(err) {
			t.Fatalf("a reader got error %v", err)
		}
		if !bytes.Equal(image, m.Content()) || !bytes.Equal(before, journalOf(m)) {
			t.Fatal("something was touched")
		}
		noticed++
	}
	t.Logf("%d foreign changes, all noticed", noticed)
	if noticed < 50 {
		t.Error("too few: this test proves nothing")
	}
}

func isForeign(err error) bool {
	_, ok := errors.AsType[*undojournal.Foreign](err)
	return ok
}

// journalOf returns the content of the journal; nil without one.
func journalOf(m *powercut.Machine) []byte {
	b, _ := m.Journal()
	return b
}
