package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/joinfile"
	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// watcher shows a run as it goes. Progress goes to standard error, so that results stay alone on standard output.
type watcher interface {
	fleet.Watcher
	say(text string) // from any goroutine
	close(r *fleet.Report)
}

// watcher returns JSON lines for programs, bars on a terminal, and plain lines elsewhere.
func (a *app) watcher(action fleet.Action, total int) watcher {
	if a.json {
		a.printLine(line{Type: lineRun, Action: action, Total: &total})
		return &serial{watcher: jsonLines{a}}
	}
	if isTerminal(a.Err) {
		return newBars(a.Err, action, total)
	}
	return &serial{watcher: &plainLines{app: a, total: total}}
}

// plainLines tells of each image when it is done, for logs.
type plainLines struct {
	*app
	done, total int
}

// Begin implements [fleet.Watcher].
func (w *plainLines) Begin(*joinfile.Join) {}

// Event implements [fleet.Watcher]. Warnings are told at the end, all images together.
func (w *plainLines) Event(*joinfile.Join, offlinejoin.Event) {}

// End implements [fleet.Watcher].
func (w *plainLines) End(r *fleet.Result) {
	w.done++
	fmt.Fprintf(w.Err, "[%d/%d] %s\n", w.done, w.total, endLine(r))
}

func (w *plainLines) say(text string) { fmt.Fprintln(w.Err, text) }

func (w *plainLines) close(*fleet.Report) {}

// endLine is what became of a join, in a line.
func endLine(r *fleet.Result) string {
	text := printable(r.Join) + ": " + resultWord(r)
	if r.Error != nil {
		text += ": " + printable(failureText(r.Error))
	}
	return text
}
