package diskimage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

// commit is what one Commit of a join did to the image file.
type commit struct {
	name   string // such as "registry/qcow2/replace 1"
	format string // qemu's word
	method core.Method
	before []byte // the file
	change undojournal.Change

	secrets [][]byte // the blobs of the joins
}

// recorder opens disk images as everybody does, and keeps what Commit is about to do.
type recorder struct {
	name, format string
	method       core.Method
	commits      []commit
	secrets      [][]byte
}

func (r *recorder) open(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	s, err := diskimage.Open(ctx, at, mode)
	if err != nil {
		return nil, err
	}
	if mode != imagefs.Write {
		return s, nil
	}
	return &recorded{s, r, at.ImagePath}, nil
}

// recorded is a session whose Commit is recorded before it is carried out.
type recorded struct {
	*diskimage.Session
	r    *recorder
	path string
}

// Commit implements imagefs.Session.
func (s *recorded) Commit(ctx context.Context) (imagefs.Cost, error) {
	if err := s.Prepare(ctx); err != nil {
		return imagefs.Cost{}, err
	}
	path, format := s.path, s.r.format
	if stem, is := strings.CutSuffix(path, ".vmdk"); is { // a text; what changes is the disk beside it
		path, format = stem+"-flat.vmdk", "raw"
	}
	before, err := os.ReadFile(path)
	if err != nil {
		return imagefs.Cost{}, err
	}
	if c := diskimage.ChangeOf(s.Session); len(c.Groups) > 0 {
		name := fmt.Sprintf("%s %d", s.r.name, len(s.r.commits))
		s.r.commits = append(s.r.commits, commit{name, format, s.r.method, before, c, s.r.secrets})
	}
	return s.Session.Commit(ctx)
}

// commitsOf stages, replaces and unstages a join in an image and returns every commit of that.
func commitsOf(t testing.TB, image, name, format string, method core.Method) []commit {
	t.Helper()
	r := &recorder{format: format, method: method}
	where := at(image)
	where.Open = r.open
	first, secret := blobFor(t, "WEB01", 1107)
	second, secret2 := blobFor(t, "WEB02", 1108)
	r.secrets = [][]byte{secret, secret2}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"stage", func() error { _, err := core.Stage(t.Context(), core.Request{Image: where, Blob: first}); return err }},
		{"replace", func() error {
			_, err := core.Stage(t.Context(), core.Request{Image: where, Blob: second, OnExisting: core.OnExistingReplace})
			return err
		}},
		{"unstage", func() error { _, err := core.Unstage(t.Context(), core.UnstageRequest{Image: where}); return err }},
	} {
		r.name = name + "/" + step.name
		before := len(r.commits)
		must(t, step.do())
		if len(r.commits) == before {
			t.Fatalf("%s: nothing was committed", r.name)
		}
	}
	return r.commits
}

// crashCases are the methods and containers whose crash states are looked at; the long run looks at every method in each.
func crashCases() []string {
	if os.Getenv("OFFLINEJOIN_LONG") != "1" {
		return []string{"registry/raw", "answer_file/qcow2", "registry/vhdx"}
	}
	return []string{
		"registry/raw", "registry/qcow2", "registry/vhdx", "answer_file/raw", "answer_file/qcow2", "answer_file/vhdx",
	}
}

// commitsIn returns the commits of a case, by name.
func commitsIn(t testing.TB, name string) []commit {
	t.Helper()
	method, container, _ := strings.Cut(name, "/")
	raw := inMBR(t, volume(t, methods()[core.Method(method)]))
	for _, kind := range kinds {
		if kind.name == container {
			image := convert(t, raw, kind.format, kind.args)
			defer func() { must(t, os.Remove(image)) }()
			return commitsOf(t, image, name, qemuFormat(kind.format), core.Method(method))
		}
	}
	t.Fatalf("no container %s", container)
	return nil
}

// crashStates is how many states of the disk are looked at; OFFLINEJOIN_CRASH_STATES asks for more (`make crash-disk`).
func crashStates(t testing.TB) int {
	t.Helper()
	text := os.Getenv("OFFLINEJOIN_CRASH_STATES")
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// TestCrashOfJoins cuts the power at any operation of whole joins: while they are staged, replaced and taken back. Any of the
// sectors that were not flushed reach the disk. Recovery, in which the power is cut again, then makes the file the
// old or the new one, sector for sector.
func TestCrashOfJoins(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 11))
	each := (crashStates(t) + 3*len(crashCases()) - 1) / (3 * len(crashCases())) // a case has three commits
	total, count := map[string]int{}, 0
	for _, name := range crashCases() {
		for _, c := range commitsIn(t, name) {
			crashOften(t, newCrashTrial(t, c), each, r, total)
			count++
		}
	}
	t.Logf("%d commits, %d states: %v", count, total["old"]+total["new"], total)
	if n := total["old"] + total["new"]; n < crashStates(t) {
		t.Errorf("only %d states", n)
	}
	for _, what := range []string{"old", "new", "crashed in recovery"} {
		if total[what] == 0 {
			t.Errorf("no state was %q: this test proves nothing", what)
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func crashOften(t *testing.T, trial *crashTrial, states int, r *rand.Rand, total map[string]int) {
	t.Helper()
	seen := map[string]int{}
	for done := 0; done < states; {
		done += trial.cut(t, r, min(states-done, max(states/trial.operations, 2)), seen)
		if t.Failed() {
			t.Fatal(trial.name)
		}
	}
	t.Logf("%s: %d operations, %d groups, %v", trial.name, trial.operations, len(trial.change.Groups), seen)
	for what, n := range seen {
		total[what] += n
	}
}

// crashTrial is one commit, simulated.
type crashTrial struct {
	commit
	old, new   *powercut.Machine
	operations int
	next       int            // where the power is cut next
	stride     int            // to the one after it; prime to the number of places
	fills      map[int64]bool // sectors whose old content does not matter
}

const crashJournal = "disk" + undojournal.Suffix

func newCrashTrial(t *testing.T, c commit) *crashTrial {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	trial := &crashTrial{commit: c, old: powercut.New(c.before), fills: map[int64]bool{}}
	trial.before = nil // the machine has it
	trial.new = trial.old.Reboot(r)
	_, err := undojournal.Write(trial.new.Image(), trial.new.Folder(), crashJournal, c.change, nil)
	must(t, err)
	trial.operations = trial.new.Operations()
	for trial.stride = (trial.operations + 1) * 5 / 8; gcd(trial.stride, trial.operations+1) != 1; {
		trial.stride++
	}
	fresh := slices.Clone(c.change.Fills)
	for _, g := range c.change.Groups {
		for _, p := range g {
			if p.Fresh {
				fresh = append(fresh, p)
			}
		}
	}
	for _, f := range fresh {
		for off := f.Off / 512 * 512; off < f.Off+int64(len(f.Data)); off += 512 {
			trial.fills[off] = true
		}
	}
	if len(trial.new.Differences(trial.old)) == 0 {
		t.Fatalf("%s changes nothing", c.name)
	}
	if len(trial.new.JournalWrites()) == 0 {
		t.Fatalf("%s has no journal", c.name)
	}
	for _, journal := range trial.new.JournalWrites() {
		noSecretIn(t, journal, c.secrets)
	}
	return trial
}

// cut cuts the power at the next operation, and looks at a number of states that the disk may have then.
func (c *crashTrial) cut(t *testing.T, r *rand.Rand, states int, seen map[string]int) int {
	t.Helper()
	m := c.old.Reboot(r)
	at := c.next % (c.operations + 1)
	c.next += c.stride // through all of them, early and late ones in turn
	m.CutAt(at)
	_, err := undojournal.Write(m.Image(), m.Folder(), crashJournal, c.change, nil)
	if (err == nil) != (at == c.operations) {
		t.Fatalf("%s: the power failed in operation %d of %d: %v", c.name, at, c.operations, err)
	}
	for range states {
		what, twice := c.settle(t, m.Reboot(r), r)
		if t.Failed() {
			t.Fatalf("%s: operation %d of %d", c.name, at, c.operations)
		}
		if at == c.operations && what != "new" {
			t.Fatalf("%s: it was done, and is %s", c.name, what)
		}
		seen[what]++
		if twice {
			seen["crashed in recovery"]++
		}
	}
	return states
}

// settle recovers a machine, with failures in between, and reports what the file is.
func (c *crashTrial) settle(t *testing.T, m *powercut.Machine, r *rand.Rand) (what string, twice bool) {
	t.Helper()
	for range 2 {
		if r.IntN(2) == 0 {
			continue
		}
		m.CutAt(m.Operations() + r.IntN(8))
		if _, err := undojournal.Recover(m.Image(), m.Folder(), crashJournal, nil); err != nil && !errors.Is(err, powercut.ErrPower) {
			t.Fatal(err)
		}
		if m.Failed() {
			twice = true
			m = m.Reboot(r)
		}
		m.Heal()
	}
	_, err := undojournal.Recover(m.Image(), m.Folder(), crashJournal, nil)
	must(t, err)
	if _, there := m.Journal(); there {
		t.Error("the journal is still there")
	}
	if len(m.Differences(c.new)) == 0 {
		return "new", twice
	}
	for _, off := range m.Differences(c.old) {
		if !c.fills[off] {
			t.Errorf("neither the old nor the new file: the sector at %d is not the old one", off)
			return "mixed", twice
		}
	}
	return "old", twice
}

// TestEachGroupOfAJoin carries whole joins out group by group, as a crash would leave them to somebody who starts the
// machine before we recover it. At the end of each group the container and the volume are sound to independent
// checkers but for leaks, and the image is as it was or as it will be.
func TestEachGroupOfAJoin(t *testing.T) {
	t.Parallel()
	cases := crashCases()
	short := os.Getenv("OFFLINEJOIN_LONG") != "1"
	if short {
		cases = cases[:2]
	}
	for i, name := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			commits := commitsIn(t, name)
			if short { // one stages, the other replaces
				commits = commits[i : i+1]
			}
			for _, c := range commits {
				n := groupByGroup(t, c)
				t.Logf("%s: %d groups", c.name, n)
				if n < 5 {
					t.Errorf("%s: only %d groups: this test proves nothing", c.name, n)
				}
			}
		})
	}
}

// atEachGroup makes a file what it was before the commit, and then what it is at the end of the fills, of each group and of the
// wipes, as undojournal.Write orders them: bytes that are wiped stay as they were until the end.
func (c *commit) atEachGroup(t *testing.T, image string, visit func(group int)) {
	t.Helper()
	must(t, os.WriteFile(image, c.before, 0o600))
	visit(-1)
	must(t, os.Truncate(image, c.change.Size))
	var wipes []undojournal.Piece
	for _, g := range c.change.Groups {
		for _, p := range g {
			if p.Wipe {
				wipes = append(wipes, p)
			}
		}
	}
	steps := append([][]undojournal.Piece{c.change.Fills}, c.change.Groups...)
	for i, pieces := range append(steps, wipes) {
		f, err := os.OpenFile(image, os.O_RDWR, 0)
		must(t, err)
		for _, p := range pieces {
			data := bytes.Clone(p.Data)
			for _, w := range wipes {
				from, to := max(p.Off, w.Off), min(p.Off+int64(len(data)), w.Off+int64(len(w.Data)))
				if i < len(steps) && from < to {
					copy(data[from-p.Off:], c.before[from:to])
				}
			}
			write(t, f, data, p.Off)
		}
		must(t, f.Close())
		visit(i)
	}
}

// groupByGroup returns how many groups there were.
func groupByGroup(t *testing.T, c commit) int {
	t.Helper()
	dir := t.TempDir()
	image := filepath.Join(dir, "disk."+c.format)
	must(t, os.WriteFile(image, c.before, 0o600))
	before := volumeOf(t, rawOf(t, image, c.format))
	states := map[string]bool{}
	c.atEachGroup(t, image, func(group int) {
		now := volumeOf(t, rawOf(t, image, c.format))
		found := leaksOnly(t, image, c.format, before, now)
		states[bootsAs(t, image, now, c)] = true
		must(t, os.RemoveAll(filepath.Dir(now)))
		if len(states) > 2 || t.Failed() {
			t.Fatalf("%s: after group %d of %d: states %v\n%s", c.name, group, len(c.change.Groups), states, found)
		}
	})
	judge(t, image, c.format, before)
	return len(c.change.Groups)
}

// bootsAs returns what the machine would do that is started now: by the registry, join as somebody or not at all. With the
// answer file that is what Windows Setup reads; the record in the registry, which comes before it and goes after it,
// does not matter.
func bootsAs(t *testing.T, image, volume string, c commit) string {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(image)})
	must(t, err)
	if c.method == core.MethodRegistry {
		switch {
		case st.State == core.StateStaged && st.Detail == "":
			return "joins as " + st.MachineName
		case st.State == core.StateAbsent, st.State == core.StateStaged && strings.HasPrefix(st.Detail, "the blob is missing"):
			return "does not join"
		}
		return string(st.State) + ": " + st.Detail
	}
	out, err := exec.Command(testenv.Tool(t, "ntfscat"), volume, "Windows/Panther/unattend.xml").Output()
	if err != nil {
		return "has no answer file"
	}
	return fmt.Sprintf("has an answer file of %d bytes %x", len(out), sha256.Sum256(out))
}
