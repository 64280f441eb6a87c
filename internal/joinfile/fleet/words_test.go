package fleet_test

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// TestOneWordForOneOutcome holds the sum to the words of the table: each has the other's.
func TestOneWordForOneOutcome(t *testing.T) {
	t.Parallel()
	read := func(state offlinejoin.State, incomplete bool) fleet.Result {
		return fleet.Result{Outcome: fleet.OutcomeRead, Status: &offlinejoin.Status{State: state, Incomplete: incomplete}}
	}
	for word, result := range map[string]fleet.Result{
		"to stage": {Outcome: offlinejoin.OutcomePlanned}, "staged": {Outcome: offlinejoin.OutcomeStaged},
		"unchanged": {Outcome: offlinejoin.OutcomeUnchanged}, "kept": {Outcome: offlinejoin.OutcomeKept},
		"unstaged": {Outcome: offlinejoin.OutcomeUnstaged}, "no join": {Outcome: offlinejoin.OutcomeAbsent},
		"failed": {Outcome: fleet.OutcomeFailed}, "not begun": {Outcome: fleet.OutcomeNotBegun},
		"incomplete": read(offlinejoin.StateStaged, true), "failed at first boot": read(offlinejoin.StateFailed, false),
		"completed": read(offlinejoin.StateCompleted, false), "foreign": read(offlinejoin.StateForeign, false),
		"joined": read(offlinejoin.StateJoined, false),
	} {
		if got := result.Word(); got != word {
			t.Errorf("%s: shown as %q", word, got)
		}
		r := fleet.Report{Joins: []fleet.Result{result, result}}
		if got := r.Tally(); got != "2 "+word {
			t.Errorf("%s: counted as %q", word, got)
		}
	}
	absent := read(offlinejoin.StateAbsent, false)
	r := fleet.Report{Joins: []fleet.Result{
		{Outcome: fleet.OutcomeFailed}, absent, {Outcome: offlinejoin.OutcomeAbsent}, {Outcome: offlinejoin.OutcomePlanned},
	}}
	if got := r.Tally(); got != "1 to stage, 2 no join, 1 failed" {
		t.Errorf("the sum is %q", got)
	}
	if got := (&fleet.Report{}).Tally(); got != "no joins" {
		t.Errorf("the sum of nothing is %q", got)
	}
}
