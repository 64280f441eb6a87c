package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

// watcher shows a run as it goes. Progress goes to standard error, so that results stay alone on standard output. Its
// methods are called one at a time.
type watcher interface {
	fleet.Watcher
	say(text string)
	close(r *fleet.Report)
}

// watcher returns JSON lines for programs, bars on a terminal, and plain lines elsewhere.
func (a *app) watcher(action fleet.Action, total int) watcher {
	if a.json {
		a.printLine(jsonLine{Type: lineRun, Action: action, Total: &total})
		return jsonLines{a}
	}
	if term.TakesANSI(a.Err) {
		return barLines{term.NewBars(a.Err, actionWord(action), total)}
	}
	return &plainLines{app: a, total: total}
}

// plainLines prints a line for each image when it is done, for logs.
type plainLines struct {
	*app
	done, total int
}

// Begin implements [fleet.Watcher].
func (w *plainLines) Begin(*joinfile.Join) {}

// Event implements [fleet.Watcher]. Warnings are shown at the end, all images together.
func (w *plainLines) Event(*joinfile.Join, offlinejoin.Event) {}

// End implements [fleet.Watcher].
func (w *plainLines) End(r *fleet.Result) {
	w.done++
	fmt.Fprintf(w.Err, "[%d/%d] %s\n", w.done, w.total, endLine(r))
}

func (w *plainLines) say(text string) { fmt.Fprintln(w.Err, text) }

func (w *plainLines) close(*fleet.Report) {}

// barLines shows a line for every image in hand, above them what went wrong, below a bar for all.
type barLines struct{ bars *term.Bars }

// Begin implements [fleet.Watcher].
func (w barLines) Begin(j *joinfile.Join) {
	w.bars.Begin(j.Address, plaintext.Line(j.Address, plaintext.Name), "waiting")
}

// Event implements [fleet.Watcher]. Warnings are shown at the end, all images together.
func (w barLines) Event(j *joinfile.Join, e offlinejoin.Event) {
	if e.Kind == offlinejoin.EventStep {
		w.bars.Step(j.Address, plaintext.Line(e.Text, plaintext.Sentence))
	}
}

// End implements [fleet.Watcher].
func (w barLines) End(r *fleet.Result) {
	said := ""
	if r.Error != nil {
		said = endLine(r)
	}
	w.bars.End(r.Join, said)
}

func (w barLines) say(text string) { w.bars.Say(text) }

func (w barLines) close(*fleet.Report) { w.bars.Close() }

// endLine is what became of a join, in a line.
func endLine(r *fleet.Result) string {
	plain := plainResult(*r)
	text := plain.Join + ": " + plain.Word()
	if plain.Error != nil {
		text += ": " + failureText(plain.Error)
	}
	return text
}
