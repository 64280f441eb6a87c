package cli

import (
	"encoding/json"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// The types of lines.
const (
	lineDiagnostic = "diagnostic" // what is wrong with the join files
	lineError      = "error"      // why the command ends before, or after, its run
	lineRun        = "run"        // a run begins
	lineBegin      = "begin"      // an image is begun
	lineEvent      = "event"      // what the core reports of it
	lineResult     = "result"     // an image is done
	lineNote       = "note"       // something about the run
	lineSummary    = "summary"    // the run has ended
)

// jsonLine is one line of JSON: what commands on join files print with --json while they work.
type jsonLine struct {
	SchemaVersion int       `json:"schema_version"`
	Type          string    `json:"type"`
	At            time.Time `json:"at"`

	Action      fleet.Action          `json:"action,omitempty"`       // run, summary
	Total       *int                  `json:"joins,omitempty"`        // run, summary: how many
	Join        string                `json:"join,omitempty"`         // begin, event: the address
	WindowsPath string                `json:"windows_path,omitempty"` // begin
	Level       string                `json:"level,omitempty"`        // event: step, detail, warning or note
	Text        string                `json:"text,omitempty"`         // event, note
	Result      *fleet.Result         `json:"result,omitempty"`       // result
	Diagnostic  *joinfile.Problem     `json:"diagnostic,omitempty"`   // diagnostic
	Error       *errorFacts           `json:"error,omitempty"`        // error
	Outcomes    map[fleet.Outcome]int `json:"outcomes,omitempty"`     // summary
	Interrupted bool                  `json:"interrupted,omitempty"`  // summary
	Millis      *int64                `json:"duration_ms,omitempty"`  // summary
}

// printLine writes one line.
func (a *app) printLine(l jsonLine) {
	l.SchemaVersion, l.At = fleet.SchemaVersion, time.Now().UTC()
	enc := json.NewEncoder(a.Out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(l) // the run ends with what [results] could not write
}

// jsonLines reports a run in lines of JSON.
type jsonLines struct{ *app }

func (w jsonLines) Begin(j *joinfile.Join) {
	w.printLine(jsonLine{Type: lineBegin, Join: plaintext.Line(j.Address, 0), WindowsPath: j.Request.Image.String()})
}

func (w jsonLines) Event(j *joinfile.Join, e offlinejoin.Event) {
	levels := map[offlinejoin.EventKind]string{
		offlinejoin.EventStep: "step", offlinejoin.EventDetail: "detail", offlinejoin.EventWarning: "warning",
		offlinejoin.EventNote: "note",
	}
	w.printLine(jsonLine{Type: lineEvent, Join: plaintext.Line(j.Address, 0), Level: levels[e.Kind], Text: e.Text})
}

func (w jsonLines) End(r *fleet.Result) { w.printLine(jsonLine{Type: lineResult, Result: r}) }

func (w jsonLines) say(text string) { w.printLine(jsonLine{Type: lineNote, Text: text}) }

func (w jsonLines) close(r *fleet.Report) {
	n, ms := len(r.Joins), r.Elapsed().Milliseconds()
	w.printSummary() // of a run before
	w.summary = &jsonLine{
		Type: lineSummary, Action: r.Action, Total: &n, Outcomes: r.Outcomes, Interrupted: r.Interrupted, Millis: &ms,
	}
}

// printSummary writes the summary of the last run, if that is still to come.
func (a *app) printSummary() {
	if a.summary != nil {
		a.printLine(*a.summary)
		a.summary = nil
	}
}

// endLines ends the lines of a command with its summary, whatever came before: programs look at the last line. Where no run
// began, no join was begun.
func (a *app) endLines() {
	if !a.json || !a.lines {
		return
	}
	if a.summary == nil {
		n := a.joins
		a.summary = &jsonLine{
			Type: lineSummary, Action: a.doing, Total: &n, Outcomes: map[fleet.Outcome]int{fleet.OutcomeNotBegun: n},
		}
	}
	a.printSummary()
}
