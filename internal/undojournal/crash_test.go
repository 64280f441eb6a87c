package undojournal

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

const journalName = "image.raw" + Suffix

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
	rehearsal := newMachine(c.old)
	if _, err := Write(rehearsal.image, folder{rehearsal}, journalName, c.change, nil); err != nil {
		t.Fatal(err)
	}
	if !c.isNew(rehearsal.image.disk) {
		t.Fatal("without a crash the file is not the new one")
	}
	noSecret(t, rehearsal)
	m := newMachine(c.old)
	m.fail, m.stays, m.failAt = errPower, true, r.IntN(rehearsal.operations+1)
	_, err := Write(m.image, folder{m}, journalName, c.change, nil)
	if (err == nil) != (m.failAt == rehearsal.operations) {
		t.Fatalf("the power failed in operation %d of %d: %v", m.failAt, rehearsal.operations, err)
	}
	mustBeNew := err == nil
	m = m.reboot(r)
	for range 3 {
		if r.IntN(2) == 0 {
			continue
		}
		m.fail, m.stays, m.failAt = errPower, true, m.operations+r.IntN(8)
		if _, err := Recover(m.image, folder{m}, journalName, nil); err != nil && !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		if m.failed {
			twice = true
			m = m.reboot(r)
		}
		m.failAt = -1
	}
	return settle(t, c, m, mustBeNew), twice
}

// settle recovers a machine, after looking at it as a reader, and reports what the file is then.
func settle(t *testing.T, c trial, m *machine, mustBeNew bool) string {
	t.Helper()
	view := viewed(t, m)
	if _, err := Recover(m.image, folder{m}, journalName, nil); err != nil {
		t.Error(err)
		return ""
	}
	noSecret(t, m)
	if (folder{m}).there() {
		t.Error("the journal is still there")
	}
	got := m.image.disk
	if !bytes.Equal(got, m.image.cache) {
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
func viewed(t *testing.T, m *machine) []byte {
	t.Helper()
	v, err := View(m.image, folder{m}, journalName, nil)
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
func noSecret(t *testing.T, m *machine) {
	t.Helper()
	for _, b := range m.written {
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
	states := map[State]int{}
	for range 40 {
		c := randomTrial(r)
		for _, kind := range []machine{{}, {short: true}, {stays: true}, {stays: true, short: true}} {
			for at := 0; ; at++ {
				m := newMachine(c.old)
				m.fail, m.failAt, m.stays, m.short = errFull, at, kind.stays, kind.short
				if !failOnce(t, c, m, states) {
					break
				}
				if t.Failed() {
					t.Fatalf("operation %d, %+v", at, kind)
				}
			}
		}
	}
	t.Logf("%v", states)
	for _, s := range []State{Unchanged, Uncertain, Changed} {
		if states[s] == 0 {
			t.Errorf("no failure left the state %d: this test proves nothing", s)
		}
	}
}

// failOnce reports whether the fault has struck.
func failOnce(t *testing.T, c trial, m *machine, states map[State]int) bool {
	t.Helper()
	_, err := Write(m.image, folder{m}, journalName, c.change, nil)
	failure, ok := errors.AsType[*WriteError](err)
	if ok {
		states[failure.State]++
	}
	if m.failed && err != nil && !errors.Is(err, errFull) {
		t.Errorf("the cause is not named: %v", err)
	}
	hit := m.failed
	if ok && failure.State == Unchanged && !bytes.Equal(m.image.cache, c.old) {
		t.Error("the file is said to be unchanged, but it is not")
	}
	m.failAt = -1
	what := settle(t, c, m, err == nil || ok && failure.State == Changed)
	if ok && failure.State == Unchanged && what != "old" {
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
		m := newMachine(c.old)
		m.fail, m.stays, m.failAt = errPower, true, 4+r.IntN(8)
		if _, err := Write(m.image, folder{m}, journalName, c.change, nil); err == nil {
			continue
		}
		m = m.reboot(r)
		if !m.names[0] {
			continue
		}
		j, err := decode(m.journal.cache)
		if err != nil || len(j.sectors) == 0 {
			continue
		}
		s := &j.sectors[r.IntN(len(j.sectors))]
		if s.kind != kindUndo || len(j.wipesIn(s)) > 0 {
			continue
		}
		copy(m.image.cache[s.off:s.end()], "somebody else's")
		m.image.disk = bytes.Clone(m.image.cache)
		image, kept := bytes.Clone(m.image.cache), bytes.Clone(m.journal.cache)
		if _, err = Recover(m.image, folder{m}, journalName, nil); !isForeign(err) {
			t.Fatalf("error %v", err)
		}
		if _, err = View(m.image, folder{m}, journalName, nil); !isForeign(err) {
			t.Fatalf("a reader got error %v", err)
		}
		if !bytes.Equal(image, m.image.cache) || !bytes.Equal(kept, m.journal.cache) || !m.names[len(m.names)-1] {
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
	_, ok := errors.AsType[*Foreign](err)
	return ok
}
