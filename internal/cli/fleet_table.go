package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// widestText is the width to which the texts of diagnostics are wrapped, where a terminal is not narrower.
const widestText = 100

// showDiagnostics prints what is wrong with join files, and returns an error when something is.
func (a *app) showDiagnostics(d *joinfile.Diagnostics) error {
	if a.json {
		for _, p := range d.Problems() {
			a.printLine(jsonLine{Type: lineDiagnostic, Diagnostic: &p})
		}
	}
	if err := d.Write(a.Err, uint(term.Width(a.Err, widestText)), term.NewPainter(a.Err).On()); err != nil {
		return err
	}
	switch {
	case d.OfAssignment():
		return errUsage
	case d.HasErrors():
		return errReported
	}
	return nil
}

// plainReport returns a report for people. What join files, images and the core's errors have put into it enters the
// text form of the commands here; the JSON form keeps it as it is.
func plainReport(r *fleet.Report) *fleet.Report {
	plain := *r
	plain.Joins = make([]fleet.Result, len(r.Joins))
	for i, one := range r.Joins {
		plain.Joins[i] = plainResult(one)
	}
	return &plain
}

func plainResult(r fleet.Result) fleet.Result {
	line := func(text *string) { *text = plaintext.Line(*text, 0) }
	line(&r.Join)
	line(&r.File)
	line(&r.WindowsPath)
	if r.Error != nil {
		e := *r.Error
		line(&e.Message)
		r.Error = &e
	}
	if r.Receipt != nil {
		receipt := *r.Receipt
		line(&receipt.Blob.MachineName)
		line(&receipt.Blob.Domain)
		line(&receipt.Status.MachineName)
		line(&receipt.Status.Domain)
		receipt.Warnings = slices.Clone(receipt.Warnings)
		for i := range receipt.Warnings {
			line(&receipt.Warnings[i])
		}
		r.Receipt = &receipt
	}
	if r.Status != nil {
		status := *r.Status
		line(&status.MachineName)
		line(&status.Domain)
		r.Status = &status
	}
	return r
}

// showPlan shows what would become of every join in a line, and every change when there is one join or details are asked
// for.
func (c *fleetCommand) showPlan(r *fleet.Report) {
	if c.json {
		return // printed line by line
	}
	r = plainReport(r)
	if len(r.Joins) == 1 || c.details {
		c.showPlanDetails(r)
	} else {
		c.showTable(r)
	}
	c.showWarnings(r)
	c.showFailures(r)
	more := ""
	if len(r.Joins) > 1 && !c.details && r.Count(offlinejoin.OutcomePlanned) > 0 {
		more = " --details shows every change."
	}
	fmt.Fprintf(c.Out, "\n%s: %s. Nothing has been written.%s\n", term.NewPainter(c.Out).Bold("Plan"), r.Tally(), more)
}

func (a *app) showPlanDetails(r *fleet.Report) {
	paint := term.NewPainter(a.Out)
	for _, one := range r.Joins {
		fmt.Fprintf(a.Out, "%s  %s\n", paint.Bold(one.Join), one.WindowsPath)
		switch {
		case one.Error != nil:
			fmt.Fprintln(a.Out, paint.Line(term.Removed, "  failed; see below"))
		case one.Receipt != nil:
			if one.AccountPlan != nil {
				fmt.Fprintln(a.Out, "  "+accountLine(one.AccountPlan))
			}
			a.showPlanned(one.Receipt)
		default:
			fmt.Fprintln(a.Out, "  not looked at")
		}
	}
}

func (a *app) showPlanned(r *offlinejoin.Receipt) {
	fmt.Fprintln(a.Out, "  "+strings.TrimSuffix(outcome(r), " Nothing has been written."))
	if r.Outcome == offlinejoin.OutcomePlanned {
		term.WriteRows(a.Out, changeRows(r.Changes))
	}
}

// showResults shows a table of what became of every join, what is wrong, and the sum.
func (a *app) showResults(r *fleet.Report) {
	if a.json {
		return // printed line by line
	}
	r = plainReport(r)
	a.showTable(r)
	a.showWarnings(r)
	a.showFailures(r)
	fmt.Fprintf(a.Out, "\n%s: %s in %s.%s\n", term.NewPainter(a.Out).Bold(actionWord(r.Action)), r.Tally(),
		r.Elapsed().Round(10*time.Millisecond), advice(r))
}

// showTable prints a line for every join.
func (a *app) showTable(r *fleet.Report) {
	columns := []string{"JOIN", "RESULT", "MACHINE", "IMAGE"}
	accounts := slices.ContainsFunc(r.Joins, func(one fleet.Result) bool { return one.Account != nil })
	if accounts {
		columns = slices.Insert(columns, 3, "ACCOUNT")
	}
	table := term.NewTable(columns...)
	for i := range r.Joins {
		one := &r.Joins[i]
		cells := []string{one.Join, one.Word(), machineOf(one), one.WindowsPath}
		if accounts {
			cells = slices.Insert(cells, 3, accountWord(one.Account))
		}
		table.Add(markOfOutcome(one), cells...)
	}
	table.Write(a.Out)
}

// accountWord is the status of an account, and a dash where there is none.
func accountWord(f *offlinejoin.AccountFacts) string {
	if f == nil {
		return "-"
	}
	return string(f.Status)
}

// showWarnings prints each warning once, with how many images it is about: those of one batch often share them.
func (a *app) showWarnings(r *fleet.Report) {
	var order []string
	about := map[string][]string{}
	for _, one := range r.Joins {
		for _, w := range noticesOf(&one) {
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
		fmt.Fprintf(a.Out, "warning: %s: %s\n", who, w)
	}
}

// noticesOf returns what a result says beside its word: the warnings of a run, what qualifies a status that was read, and why
// its account could not be looked at.
func noticesOf(one *fleet.Result) (notices []string) {
	switch {
	case one.Error != nil, one.Outcome == fleet.OutcomeNoDisk:
		notices = one.Warnings
	case one.Receipt != nil:
		notices = one.Receipt.Warnings
	case one.Outcome == fleet.OutcomeRead:
		notices = append(one.Status.Notices(), one.Status.Warnings...)
	}
	if one.AccountError != nil {
		notices = append(slices.Clone(notices), failureText(one.AccountError))
	}
	return notices
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
		fmt.Fprintf(a.Out, "%s (%s line %d)\n  error: %s\n", one.Join, filepath.Base(one.File), one.Line,
			failureText(one.Error))
	}
}

func failureText(f *fleet.Failure) string {
	if f.Code == uint32(winerr.Cancelled) {
		return f.Message // the user's own doing
	}
	return fmt.Sprintf("%s (%d %s)", f.Message, f.Code, f.Name)
}

func machineOf(one *fleet.Result) string {
	machine, domain := one.Machine()
	if machine == "" {
		return "-"
	}
	return join(machine, domain)
}

func markOfOutcome(one *fleet.Result) term.Mark {
	switch one.Outcome {
	case offlinejoin.OutcomeStaged:
		return term.Added
	case offlinejoin.OutcomeUnstaged, offlinejoin.OutcomePlanned:
		return term.Modified
	case fleet.OutcomeFailed, fleet.OutcomeNotBegun:
		return term.Removed
	}
	return term.Same
}

func actionWord(action fleet.Action) string {
	word := string(action)
	return strings.ToUpper(word[:1]) + word[1:]
}

// isBroken reports whether a join has failed by itself, not by an interrupt.
func isBroken(one fleet.Result) bool {
	return one.Error != nil && one.Error.Code != uint32(winerr.Cancelled)
}

// advice is how to go on after a run that ended before all was done.
func advice(r *fleet.Report) string {
	switch {
	case r.Well() || r.Action == fleet.Status:
		return ""
	case r.MayPass():
		return " Run it again a little later: what is done is not done twice."
	case slices.ContainsFunc(r.Joins, isBroken):
		return " Mend what failed, then run it again: what is done is not done twice."
	}
	return " Run it again to go on with the rest."
}
