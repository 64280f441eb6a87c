package fleet_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// hook is a watcher made of functions.
type hook struct {
	begin func(j *joinfile.Join)
	end   func(r *fleet.Result)
}

func (h hook) Begin(j *joinfile.Join) {
	if h.begin != nil {
		h.begin(j)
	}
}

func (h hook) Event(*joinfile.Join, offlinejoin.Event) {}

func (h hook) End(r *fleet.Result) {
	if h.end != nil {
		h.end(r)
	}
}

func outcomes(r *fleet.Report) (out []fleet.Outcome) {
	for _, one := range r.Joins {
		out = append(out, one.Outcome)
	}
	return out
}

func wantOutcomes(t *testing.T, r *fleet.Report, want ...fleet.Outcome) {
	t.Helper()
	if got := outcomes(r); !slices.Equal(got, want) {
		for _, one := range r.Joins {
			t.Logf("%s: %s %+v", one.Join, one.Outcome, one.Error)
		}
		t.Fatalf("outcomes %v, want %v", got, want)
	}
}

const (
	staged    = offlinejoin.OutcomeStaged
	unchanged = offlinejoin.OutcomeUnchanged
)

func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02", "web03")
	run := func(action fleet.Action) *fleet.Report {
		return fleet.Run{Action: action, By: "test/1", Parallel: 2}.Do(t.Context(), nil, joins)
	}
	planned := offlinejoin.OutcomePlanned
	wantOutcomes(t, run(fleet.Plan), planned, planned, planned)
	r := run(fleet.Apply)
	wantOutcomes(t, r, staged, staged, staged)
	if !r.Well() || r.Interrupted || r.Count(staged) != 3 || r.Joins[1].Receipt.Status.StagedBy != "test/1" {
		t.Errorf("report %+v", r)
	}
	wantOutcomes(t, run(fleet.Apply), unchanged, unchanged, unchanged)
	r = run(fleet.Status)
	wantOutcomes(t, r, fleet.OutcomeRead, fleet.OutcomeRead, fleet.OutcomeRead)
	if machine, domain := r.Joins[2].Machine(); machine != "WEB03" || domain != "corp.example.com" {
		t.Errorf("the third image holds %s in %s", machine, domain)
	}
	back := offlinejoin.OutcomeUnstaged
	wantOutcomes(t, run(fleet.Unstage), back, back, back)
	wantOutcomes(t, run(fleet.Unstage), offlinejoin.OutcomeAbsent, offlinejoin.OutcomeAbsent, offlinejoin.OutcomeAbsent)
}

func TestOneFailureDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02", "web03")
	joins[0].Request.Expect.MachineName = "OTHER"
	must(t, os.Remove(joins[1].BlobFile))
	r := fleet.Run{Action: fleet.Apply, Parallel: 1}.Do(t.Context(), nil, joins)
	wantOutcomes(t, r, fleet.OutcomeFailed, fleet.OutcomeFailed, staged)
	if r.Well() || r.Joins[0].Error.Code != 87 || r.Joins[1].Error.Code != 2 {
		t.Errorf("errors %+v %+v", r.Joins[0].Error, r.Joins[1].Error)
	}
}

func TestFailFastBeginsNoFurtherImage(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02", "web03")
	joins[1].Request.Expect.MachineName = "OTHER"
	r := fleet.Run{Action: fleet.Apply, Parallel: 1, FailFast: true}.Do(t.Context(), nil, joins)
	wantOutcomes(t, r, staged, fleet.OutcomeFailed, fleet.OutcomeNotBegun)
}

// TestStopFinishesTheImageInHand interrupts while the first image is waited for: it is finished, the others are not
// begun, and the next run goes on.
func TestStopFinishesTheImageInHand(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02", "web03")
	held := hold(t, joins[0].Request.Image.WindowsPath)
	joins[0].Request.Image.LockTimeout = time.Hour
	soft := make(chan struct{})
	begun := hook{begin: func(*joinfile.Join) {
		close(soft)
		held()
	}}
	r := fleet.Run{Action: fleet.Apply, Parallel: 1, Watcher: begun}.Do(t.Context(), soft, joins)
	wantOutcomes(t, r, staged, fleet.OutcomeNotBegun, fleet.OutcomeNotBegun)
	if !r.Interrupted || r.Well() {
		t.Errorf("report %+v", r)
	}
	r = fleet.Run{Action: fleet.Apply, Parallel: 1}.Do(t.Context(), nil, joins)
	wantOutcomes(t, r, unchanged, staged, staged)
}

// TestCancelLeavesTheImageInHandOld interrupts twice: the image that is waited for is given up.
func TestCancelLeavesTheImageInHandOld(t *testing.T) {
	t.Parallel()
	_, joins := members(t, "web01", "web02")
	held := hold(t, joins[0].Request.Image.WindowsPath)
	joins[0].Request.Image.LockTimeout = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	begun := hook{begin: func(*joinfile.Join) { cancel() }}
	r := fleet.Run{Action: fleet.Apply, Parallel: 1, Watcher: begun}.Do(ctx, nil, joins)
	wantOutcomes(t, r, fleet.OutcomeFailed, fleet.OutcomeNotBegun)
	held()
	r = fleet.Run{Action: fleet.Status, Parallel: 1}.Do(t.Context(), nil, joins)
	if st := r.Joins[0].Status; st == nil || st.State != offlinejoin.StateAbsent {
		t.Errorf("the image is %+v", st)
	}
}

// hold keeps an image as somebody does who is changing it, until the returned function is called.
func hold(t *testing.T, windowsPath string) (release func()) {
	t.Helper()
	fs, err := localdir.Open(windowsPath)
	must(t, err)
	im, err := winimage.Open(t.Context(), fs, winimage.Write)
	must(t, err)
	return func() {
		must(t, im.Close())
		must(t, fs.Close())
	}
}

func TestNoJoins(t *testing.T) {
	t.Parallel()
	r := fleet.Run{Action: fleet.Apply}.Do(t.Context(), nil, nil)
	if !r.Well() || r.Interrupted || len(r.Joins) != 0 {
		t.Errorf("report %+v", r)
	}
}

// TestManyAtOnce is about the order of results, which is that of the declarations.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	joins := make([]joinfile.Join, 500)
	for i := range joins {
		joins[i].Request.Image.WindowsPath = filepath.Join(t.TempDir(), "none")
		joins[i].Line = i
	}
	ended := 0
	r := fleet.Run{Action: fleet.Status, Parallel: 16, Watcher: hook{end: func(*fleet.Result) { ended++ }}}.Do(
		t.Context(), nil, joins)
	if ended != len(joins) || r.Count(fleet.OutcomeFailed) != len(joins) {
		t.Errorf("%d ended, %d failed", ended, r.Count(fleet.OutcomeFailed))
	}
	for i, one := range r.Joins {
		if one.Line != i {
			t.Fatalf("result %d is that of line %d", i, one.Line)
		}
	}
}

// TestWarningsOfFailedJoinsAreKept: a join that fails has said something before, which is not lost with it.
func TestWarningsOfFailedJoinsAreKept(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("rights are no modes there")
	}
	_, joins := members(t, "web01", "web02")
	for _, j := range joins {
		must(t, os.Chmod(j.BlobFile, 0o644))
	}
	joins[0].Request.Expect.MachineName = "OTHER"
	for _, action := range []fleet.Action{fleet.Plan, fleet.Apply} {
		r := fleet.Run{Action: action}.Do(t.Context(), nil, joins)
		failed, well := r.Joins[0], r.Joins[1]
		if failed.Error == nil || len(failed.Warnings) != 1 || !strings.Contains(failed.Warnings[0], "can be read by others") {
			t.Errorf("%s: the failed join has the warnings %q", action, failed.Warnings)
		}
		if well.Error != nil || well.Warnings != nil || !strings.Contains(well.Receipt.Warnings[0], "can be read by others") {
			t.Errorf("%s: the other has %q and %+v", action, well.Warnings, well.Receipt)
		}
	}
}
