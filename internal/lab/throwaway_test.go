package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// spend is a run of -throwaway on a stand-in, with the file of its progress.
type spend struct {
	t    *testing.T
	m    *spendable
	file string
	told map[string]claims.Step
}

func newSpend(t *testing.T, f faults) *spend {
	return &spend{t, newSpendable(t, f), filepath.Join(t.TempDir(), "evidence.json.unfinished"), map[string]claims.Step{}}
}

// run goes on with the run, as the program does.
func (s *spend) run(ctx context.Context, change func(*Throwaway)) (done bool, err error) {
	s.t.Helper()
	progress, err := ReadProgress(s.file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	r := Throwaway{
		Machine: s.m, Dir: s.t.TempDir(), Save: func(p Progress) error { return WriteProgress(s.file, p) },
		Told: func(done claims.Step) { s.told[done.Step] = done }, Joining: func() {},
	}
	if change != nil {
		change(&r)
	}
	_, done, err = r.Run(ctx, progress)
	return done, err
}

// whole does it all, with the restart.
func (s *spend) whole() {
	s.t.Helper()
	done, err := s.run(s.t.Context(), func(r *Throwaway) {
		if !s.m.noRestart { // the process ends with Windows
			save := r.Save
			r.Save = func(p Progress) error {
				if p.Stayed {
					return nil
				}
				return save(p)
			}
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if done { // the join was not taken
		return
	}
	s.m.restart()
	if done, err := s.run(s.t.Context(), nil); !done || err != nil {
		s.t.Fatalf("done: %v, %v", done, err)
	}
}

// allSpent returns the names of all steps of -throwaway.
func allSpent() (names []string) {
	for _, o := range outcomes() {
		names = append(names, o.name)
	}
	for _, a := range afterSteps() {
		names = append(names, a.name)
	}
	return names
}

func TestEveryOutcomeOnASoundThrowaway(t *testing.T) {
	t.Parallel()
	s := newSpend(t, faults{})
	s.whole()
	for _, name := range allSpent() {
		if got := s.told[name]; got.Result != claims.Passed {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(s.told) != len(allSpent()) {
		t.Errorf("%d steps, want %d", len(s.told), len(allSpent()))
	}
	for name, step := range s.told {
		if _, known := claims.ByID(step.Claim); !known {
			t.Errorf("%s: claim %s", name, step.Claim)
		}
	}
	if hook, err := hookNow(s.m.Registry()); err != nil || hook.StartsProgram() {
		t.Errorf("the hook is %+v, %v", hook, err)
	}
	if s.m.joined == nil || s.m.joined.MachineName() != "WEB01" || !s.m.ends {
		t.Error("it was not joined, or has not asked for its restart")
	}
}

// Each step fails when what it looks for is there.
func TestAPlantedFaultFailsItsStepOfAThrowaway(t *testing.T) {
	t.Parallel()
	own := func(change func(*spendable) error) faults {
		return faults{state: func(s *spendable) { _ = change(s) }}
	}
	number := func(name string, n uint32) faults {
		return own(func(s *spendable) error { return s.registry.SetNumber(completion.Key, name, n) })
	}
	text := func(name, v string) faults {
		return own(func(s *spendable) error { return s.registry.SetText(completion.Key, name, v) })
	}
	rearmed := own(func(s *spendable) error {
		return s.registry.SetRaw(completion.SetupKey, completion.ValueCmdLine, *armed().CmdLine)
	})
	blob := own(func(s *spendable) error {
		return s.registry.SetBytes(completion.Key, completion.ValueProvisioningBlob, make([]byte, 100))
	})
	tests := map[string]struct {
		f    faults
		want string
	}{
		"spent-blob-changed":        {number(completion.ValueResult, 87), "result 87"},
		"spent-blob-cut-off":        {faults{exit: 5}, "exit code is 6"},
		"spent-no-digest":           {text(completion.ValueState, completion.StateCompleted), "state completed"},
		"spent-no-blob":             {number(completion.ValueAttempts, 0), "not counted"},
		"spent-no-method":           {number(completion.ValueResult, 0), "result 0"},
		"spent-other-version":       {blob, "has a blob"},
		"spent-attempts-used-up":    {number(completion.ValueResult, 5), "result 5"},
		"spent-nothing-staged":      {rearmed, "not as before"},
		"spent-blob-damaged":        {faults{function: func([]byte) winerr.Code { return winerr.AccessDenied }}, "result 5"},
		"spent-hook":                {rearmed, "not as before"},
		"spent-blob-erased":         {blob, "has a blob"},
		"spent-bytes-gone":          {faults{saved: func(all [][]byte) []byte { return all[0] }}, "pieces of the blob"},
		"spent-access-list":         {faults{unlocked: true}, "access list"},
		"spent-record":              {text(completion.ValueCompletedAt, "yesterday"), "no time"},
		"spent-log":                 {faults{silent: true}, "0 new lines"},
		"spent-event":               {faults{oneEvent: true}, "not got one event 2"},
		"spent-workstation-stopped": {faults{patient: true}, "state completed"},
		Joins:                       {faults{function: func([]byte) winerr.Code { return winerr.BadOfflineJoinInfo }}, "state failed, result 2710"},
		"spent-join-restarts":       {faults{noRestart: true}, "did not restart by itself"},
		"spent-join-hook":           {rearmed, "not as before"},
		"spent-join-erased":         {blob, "has the blob"},
		"spent-join-program":        {faults{keeps: true}, "still there"},
		"spent-join-member":         {faults{noMember: true}, "no member"},
		"spent-join-log":            {faults{silent: true}, "does not tell of the join"},
		"spent-join-event":          {faults{noEvent: true}, "is not 1"},
		"spent-join-online":         {faults{online: winerr.AccessDenied}, "code 5"},
	}
	for _, name := range allSpent() {
		tt, planted := tests[name]
		if !planted {
			t.Errorf("%s has no planted fault", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSpend(t, tt.f)
			s.whole()
			if got := s.told[name]; got.Result != claims.Failed || !strings.Contains(got.Reason, tt.want) {
				t.Errorf("%+v, want failed with %q", got, tt.want)
			}
		})
	}
}

// A join that is not taken restarts nothing and leaves nothing, whatever it waits for.
func TestAJoinThatIsNotTaken(t *testing.T) {
	t.Parallel()
	for _, code := range []winerr.Code{winerr.BadOfflineJoinInfo, winerr.Busy} { // final, and one for another try
		s := newSpend(t, faults{function: func([]byte) winerr.Code { return code }})
		before, _ := hookNow(s.m.registry)
		if done, err := s.run(t.Context(), nil); !done || err != nil {
			t.Fatalf("done: %v, %v", done, err)
		}
		if got := s.told["spent-join-member"]; got.Result != claims.Skipped || !strings.Contains(got.Reason, "was not taken") {
			t.Errorf("%+v", got)
		}
		if got := s.told[Joins]; got.Result != claims.Failed {
			t.Errorf("%+v", got)
		}
		s.isClean(before)
	}
}

// A search that finds nothing in a hive that has the blob would find nothing anywhere.
func TestASearchThatFindsNothingFails(t *testing.T) {
	t.Parallel()
	s := newSpend(t, faults{saved: func(all [][]byte) []byte { return make([]byte, len(all[0])) }})
	s.whole()
	if got := s.told["spent-bytes-gone"]; got.Result != claims.Failed || !strings.Contains(got.Reason, "not found") {
		t.Errorf("%+v", got)
	}
}

func TestWhatCannotBeSpentIsSkipped(t *testing.T) {
	t.Parallel()
	foreign := func(s *spendable) error {
		return setHook(s.registry, completion.Hook{SetupType: completion.SetNumber(1), CmdLine: completion.SetText("setup.exe")})
	}
	staged := func(s *spendable) error {
		return errors.Join(s.MakeKey(completion.Key, nil), s.registry.SetText(completion.Key, completion.ValueState, completion.StateStaged))
	}
	refuses := func(s *spendable) error {
		s.may = Lacking("needs an elevated administrator")
		return nil
	}
	for want, prepare := range map[string]func(*spendable) error{
		"runs a command already": foreign, "a join is staged": staged, "needs an elevated administrator": refuses,
	} {
		s := newSpend(t, faults{})
		if err := prepare(s.m); err != nil {
			t.Fatal(err)
		}
		before, _ := hookNow(s.m.registry)
		if done, err := s.run(t.Context(), nil); !done || err != nil {
			t.Fatalf("done: %v, %v", done, err)
		}
		for _, name := range allSpent() {
			if got := s.told[name]; got.Result != claims.Skipped || !strings.Contains(got.Reason, want) {
				t.Errorf("%s: %+v, want skipped with %q", name, got, want)
			}
		}
		if after, _ := hookNow(s.m.registry); !before.Equal(after) || s.m.program != nil {
			t.Errorf("%s: something was changed", want)
		}
	}
}

func TestAThrowawayWithoutTheJoin(t *testing.T) {
	t.Parallel()
	s := newSpend(t, faults{})
	before, _ := hookNow(s.m.registry)
	if done, err := s.run(t.Context(), func(r *Throwaway) { r.NoJoin = true }); !done || err != nil {
		t.Fatalf("done: %v, %v", done, err)
	}
	for _, a := range afterSteps() {
		if got := s.told[a.name]; got.Result != claims.Skipped || !strings.Contains(got.Reason, "-no-join") {
			t.Errorf("%+v", got)
		}
	}
	s.isClean(before)
}

// isClean demands that nothing of the run is left in the Windows.
func (s *spend) isClean(before completion.Hook) {
	s.t.Helper()
	after, err := hookNow(s.m.registry)
	if _, keyErr := s.m.registry.Hive.Key(completion.Key); err != nil || keyErr == nil || !before.Equal(after) || s.m.program != nil {
		s.t.Errorf("something is left: %v, %v", err, keyErr)
	}
}

// Whatever happens in a run, the next goes on where it was: an interrupt repeats the step, an end of Windows fails it.
func TestAThrowawayGoesOn(t *testing.T) {
	t.Parallel()
	s := newSpend(t, faults{})
	before, _ := hookNow(s.m.registry)
	ctx, interrupt := context.WithCancel(t.Context())
	s.m.state = func(*spendable) {
		if len(s.told) == 3 {
			interrupt()
		}
	}
	if done, err := s.run(ctx, nil); done || !errors.Is(err, context.Canceled) {
		t.Fatalf("done: %v, %v", done, err)
	}
	s.isClean(before)
	// Windows ends in the next step but one, in which the hook is armed.
	func() {
		defer func() { _ = recover() }()
		s.m.state = func(*spendable) {
			if len(s.told) == 5 {
				panic("the power goes")
			}
		}
		_, _ = s.run(t.Context(), func(r *Throwaway) {
			save := r.Save
			r.Save = func(p Progress) error {
				if len(p.Steps) > 5 {
					panic("nothing is saved after the end")
				}
				return save(p)
			}
		})
	}()
	s.m.state = nil
	if err := arrange(s.m, staged{program: []byte("MZ")}, record{}); err != nil { // as the end has left it
		t.Fatal(err)
	}
	s.whole()
	failed := 0
	for _, name := range allSpent() {
		switch got := s.told[name]; {
		case got.Result == claims.Failed && strings.Contains(got.Reason, "Windows ended"):
			failed++
		case got.Result != claims.Passed:
			t.Errorf("%+v", got)
		}
	}
	if failed != 1 {
		t.Errorf("%d steps have failed because Windows ended, want 1", failed)
	}
}

// Whatever ends while the join runs, it is judged by what it has left: a service manager that goes down with Windows is no failure of
// the join, and a join that never began has changed nothing and is begun again.
func TestAJoinThatEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	gone := errors.New("the service manager is gone")
	s := newSpend(t, faults{})
	s.m.state = func(m *spendable) {
		if len(s.told) == len(outcomes()) {
			m.lost = gone
		}
	}
	s.whole()
	for _, name := range allSpent() {
		if got := s.told[name]; got.Result != claims.Passed {
			t.Errorf("%+v", got)
		}
	}

	s = newSpend(t, faults{})
	before, _ := hookNow(s.m.registry)
	_, err := s.run(t.Context(), func(r *Throwaway) { r.Joining = func() { s.m.lost, s.m.idle = gone, true } })
	if !errors.Is(err, gone) {
		t.Fatal(err)
	}
	s.isClean(before)
	s.m.lost, s.m.idle = nil, false
	s.whole()
	if got := s.told[Joins]; got.Result != claims.Passed {
		t.Errorf("%+v", got)
	}

	// The power goes before the program has run, and Windows does not run it afterwards.
	s = newSpend(t, faults{})
	_, _ = s.run(t.Context(), func(r *Throwaway) {
		r.Joining = func() { s.m.lost, s.m.idle = gone, true }
		save := r.Save
		r.Save = func(p Progress) error {
			if s.m.idle {
				return nil
			}
			return save(p)
		}
	})
	s.m.lost, s.m.idle = nil, false
	s.m.restart()
	if done, err := s.run(t.Context(), nil); !done || err != nil {
		t.Fatalf("done: %v, %v", done, err)
	}
	if got := s.told[Joins]; got.Result != claims.Failed || s.told["spent-join-member"].Result != claims.Skipped {
		t.Errorf("%+v", got)
	}
	s.isClean(before)
}

// An interrupt after the restart loses nothing: the next run looks at all again.
func TestALookThatIsInterrupted(t *testing.T) {
	t.Parallel()
	s := newSpend(t, faults{})
	if _, err := s.run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.m.restart()
	ctx, interrupt := context.WithCancel(t.Context())
	if done, err := s.run(ctx, func(r *Throwaway) {
		told := r.Told
		r.Told = func(step claims.Step) { told(step); interrupt() }
	}); done || !errors.Is(err, context.Canceled) {
		t.Fatalf("done: %v, %v", done, err)
	}
	if done, err := s.run(t.Context(), nil); !done || err != nil || s.told["spent-join-online"].Result != claims.Passed {
		t.Errorf("done: %v, %v, %+v", done, err, s.told["spent-join-online"])
	}
}

// The file of evidence is made at the end: a restart in the middle leaves none that the next run would find in its way.
func TestEvidenceIsMadeAtTheEnd(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "evidence.json")
	for range 2 {
		if err := Reserve(file); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file is left: %v", err)
		}
	}
	if err := WriteEvidence(file, claims.Evidence{}); err == nil {
		t.Error("what is no evidence was written")
	}
	e := EvidenceOf(&simulated{}, []claims.Step{{Step: "one", Claim: "hive-loads", Result: claims.Passed}})
	if err := WriteEvidence(file, e); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Reserve(file)); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file of before: %v", err)
	}
}

func TestAJoinWaitsForTheRestart(t *testing.T) {
	t.Parallel()
	s := newSpend(t, faults{})
	if done, err := s.run(t.Context(), nil); done || err != nil {
		t.Fatalf("done: %v, %v", done, err)
	}
	for range 2 {
		if done, err := s.run(t.Context(), nil); done || !errors.Is(err, ErrNotRestarted) {
			t.Fatalf("done: %v, %v", done, err)
		}
	}
}

// What a run keeps while Windows restarts has nothing of the blob.
func TestNoSecretInTheProgressOfAThrowaway(t *testing.T) {
	t.Parallel()
	var blobs []*odj.Blob
	s := newSpend(t, faults{function: func(blob []byte) winerr.Code {
		if parsed, err := odj.Parse(append([]byte(nil), blob...)); err == nil {
			blobs = append(blobs, parsed)
		}
		return winerr.Success
	}})
	seen := 0
	look := func(r *Throwaway) {
		save := r.Save
		r.Save = func(p Progress) error {
			err := save(p)
			raw, readErr := os.ReadFile(s.file)
			if readErr != nil {
				t.Error(readErr)
			}
			for _, b := range blobs {
				seen++
				if found := canary.ForBlob(b.Bytes(), b.MachinePassword()).In(raw); found != nil {
					t.Errorf("in the progress: %v", found)
				}
			}
			return err
		}
	}
	if _, err := s.run(t.Context(), look); err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("no progress was looked at")
	}
	info, err := os.Stat(s.file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAForeignProgressIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "evidence.json.unfinished")
	for _, content := range []string{"", "{}", `{"format":2}`, `{"format":1,"more":1}`, "\x00\x1b[2J"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadProgress(file); err == nil || !strings.Contains(err.Error(), "remove it to begin anew") {
			t.Errorf("%q: %v", content, err)
		}
	}
}
