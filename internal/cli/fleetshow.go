package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// terminalWidth is the width to which the texts of diagnostics are wrapped.
const terminalWidth = 100

// showDiagnostics tells what is wrong with join files, and returns an error when something is.
func (a *app) showDiagnostics(d *joinfile.Diagnostics) error {
	if a.json {
		for _, p := range d.Problems() {
			a.printLine(line{Type: lineDiagnostic, Diagnostic: &p})
		}
	}
	if err := d.Write(a.Err, terminalWidth, newPainter(a.Err).on); err != nil {
		return err
	}
	if d.HasErrors() {
		return errReported
	}
	return nil
}

// showPlan shows every change, image by image.
func (a *app) showPlan(r *fleet.Report) {
	if a.json {
		return // told line by line
	}
	paint := newPainter(a.Out)
	for _, one := range r.Joins {
		fmt.Fprintf(a.Out, "%s  %s\n", paint.bold(printable(one.Join)), printable(one.WindowsPath))
		switch {
		case one.Error != nil:
			fmt.Fprintln(a.Out, paint.line(markRemove, "  error: "+printable(failureText(one.Error))))
		case one.Receipt != nil:
			a.showPlanned(one.Receipt)
		default:
			fmt.Fprintln(a.Out, "  not looked at")
		}
	}
	a.showWarnings(r)
	fmt.Fprintf(a.Out, "\n%s: %s. Nothing has been written.\n", paint.bold("Plan"), tally(r))
}

func (a *app) showPlanned(r *offlinejoin.Receipt) {
	fmt.Fprintln(a.Out, "  "+printable(strings.TrimSuffix(outcome(r), " Nothing has been written.")))
	if r.Outcome == offlinejoin.OutcomePlanned {
		a.showRows(changeRows(r.Changes))
	}
}

// showResults shows a table of what became of every join, what is wrong, and the sum.
func (a *app) showResults(r *fleet.Report) {
	if a.json {
		return // told line by line
	}
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "JOIN\tRESULT\tMACHINE\tIMAGE")
	for i := range r.Joins {
		one := &r.Joins[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", printable(one.Join), resultWord(one), printable(machineOf(one)),
			printable(one.WindowsPath))
	}
	t.Flush() //nolint:errcheck // a buffer takes everything
	paint := newPainter(a.Out)
	lines := strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n")
	io.WriteString(a.Out, paint.bold(lines[0])+"\n")
	for i, text := range lines[1:] {
		io.WriteString(a.Out, paint.line(markOfOutcome(&r.Joins[i]), text)+"\n")
	}
	a.showWarnings(r)
	a.showFailures(r)
	fmt.Fprintf(a.Out, "\n%s: %s in %s.%s\n", paint.bold(actionWord(r.Action)), tally(r),
		r.Elapsed().Round(10*time.Millisecond), advice(r))
}

// showWarnings tells each warning once, with how many images it is about: those of one batch often share them.
func (a *app) showWarnings(r *fleet.Report) {
	var order []string
	about := map[string][]string{}
	for _, one := range r.Joins {
		if one.Receipt == nil {
			continue
		}
		for _, w := range one.Receipt.Warnings {
			if len(about[w]) == 0 {
				order = append(order, w)
			}
			about[w] = append(about[w], one.Join)
		}
	}
	if len(order) > 0 {
		fmt.Fprintln(a.Out)
	}
	for _, w := range order {
		who := about[w][0]
		if more := len(about[w]) - 1; more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		fmt.Fprintf(a.Out, "warning: %s: %s\n", printable(who), printable(w))
	}
}

func (a *app) showFailures(r *fleet.Report) {
	first := true
	for _, one := range r.Joins {
		if one.Error == nil {
			continue
		}
		if first {
			fmt.Fprintln(a.Out)
			first = false
		}
		fmt.Fprintf(a.Out, "%s (%s line %d)\n  error: %s\n", printable(one.Join), filepath.Base(one.File), one.Line,
			printable(failureText(one.Error)))
	}
}

func failureText(f *fleet.Failure) string {
	return fmt.Sprintf("%s (%d %s)", f.Message, f.Code, f.Name)
}

// resultWord is a result in a word: the outcome, or the status that was read.
func resultWord(one *fleet.Result) string {
	if one.Outcome == fleet.OutcomeRead {
		return string(one.Status.State)
	}
	return strings.ReplaceAll(string(one.Outcome), "_", " ")
}

func machineOf(one *fleet.Result) string {
	machine, domain := one.Machine()
	if machine == "" {
		return "-"
	}
	return join(machine, domain)
}

func markOfOutcome(one *fleet.Result) mark {
	switch one.Outcome {
	case offlinejoin.OutcomeStaged:
		return markAdd
	case offlinejoin.OutcomeUnstaged, offlinejoin.OutcomePlanned:
		return markModify
	case fleet.OutcomeFailed, fleet.OutcomeNotBegun:
		return markRemove
	}
	return markSame
}

func actionWord(action fleet.Action) string {
	word := string(action)
	return strings.ToUpper(word[:1]) + word[1:]
}

// tally counts the results by kind: "3 to stage, 1 unchanged".
func tally(r *fleet.Report) string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+what)
		}
	}
	states := map[offlinejoin.State]int{}
	for _, one := range r.Joins {
		if one.Outcome == fleet.OutcomeRead {
			states[one.Status.State]++
		}
	}
	for _, s := range []offlinejoin.State{
		offlinejoin.StateAbsent, offlinejoin.StateStaged, offlinejoin.StateCompleted, offlinejoin.StateFailed,
		offlinejoin.StateJoined, offlinejoin.StateForeign,
	} {
		what := string(s)
		if s == offlinejoin.StateFailed {
			what = "failed at first boot"
		}
		add(states[s], what)
	}
	for _, kind := range []struct {
		outcome fleet.Outcome
		what    string
	}{
		{offlinejoin.OutcomePlanned, "to stage"},
		{offlinejoin.OutcomeStaged, "staged"},
		{offlinejoin.OutcomeUnstaged, "taken back"},
		{offlinejoin.OutcomeUnchanged, "unchanged"},
		{offlinejoin.OutcomeKept, "kept"},
		{offlinejoin.OutcomeAbsent, "without a join"},
		{fleet.OutcomeFailed, "failed"},
		{fleet.OutcomeNotBegun, "not begun"},
	} {
		add(r.Count(kind.outcome), kind.what)
	}
	if len(parts) == 0 {
		return "no joins"
	}
	return strings.Join(parts, ", ")
}

// advice says how to go on after a run that did not come to its end.
func advice(r *fleet.Report) string {
	if r.Well() || r.Action == fleet.Status {
		return ""
	}
	return " Run it again to go on with the rest."
}

// countOf is a number with its noun: "1 join", "3 joins".
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
