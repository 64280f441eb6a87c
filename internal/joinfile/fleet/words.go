package fleet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// The words for people of what JSON calls otherwise. All else is the same in tables, sums, pages and JSON, with blanks for
// underscores.
const (
	WordPlanned     = "to stage"
	WordNoJoin      = "no join"
	WordIncomplete  = "incomplete"
	WordFailedStart = "failed at first boot"
)

// wordOrder is the order in which a sum names what became of joins.
func wordOrder() []string {
	return []string{
		WordPlanned, "staged", WordIncomplete, "started", "completed", WordFailedStart, "joined", "foreign", "unstaged", "unchanged", "kept",
		WordNoJoin, "no disk", "failed", "not begun",
	}
}

// Word returns what became of a join in one or a few words: the outcome, or the status that was read. Everything that is
// shown to people has the same.
func (r *Result) Word() string {
	if r.Outcome == OutcomeRead && r.Status != nil {
		return stateWord(r.Status)
	}
	switch r.Outcome {
	case offlinejoin.OutcomePlanned:
		return WordPlanned
	case offlinejoin.OutcomeAbsent:
		return WordNoJoin
	}
	return strings.ReplaceAll(string(r.Outcome), "_", " ")
}

func stateWord(status *offlinejoin.Status) string {
	switch {
	case status.Incomplete:
		return WordIncomplete
	case status.State == offlinejoin.StateAbsent:
		return WordNoJoin
	case status.State == offlinejoin.StateFailed:
		return WordFailedStart
	}
	return string(status.State)
}

// Tally counts the results by their words: "3 to stage, 1 unchanged".
func (r *Report) Tally() string {
	counts := map[string]int{}
	order := wordOrder()
	for i := range r.Joins {
		word := r.Joins[i].Word()
		if counts[word]++; !slices.Contains(order, word) {
			order = append(order, word)
		}
	}
	var parts []string
	for _, word := range order {
		if n := counts[word]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+word)
		}
	}
	if len(parts) == 0 {
		return "no joins"
	}
	return strings.Join(parts, ", ")
}
