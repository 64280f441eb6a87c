package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// progress shows what the core does, on standard error, so that results stay alone on standard output. With --json it
// is silent: warnings are in the document.
func (a *app) progress() func(offlinejoin.Event) {
	if a.json {
		return nil
	}
	return func(e offlinejoin.Event) { fmt.Fprintln(a.Err, eventLine(e)) }
}

// warnings shows the warnings alone, for a dry run, whose result tells the rest.
func (a *app) warnings() func(offlinejoin.Event) {
	if a.json {
		return nil
	}
	return func(e offlinejoin.Event) {
		if e.Kind == offlinejoin.EventWarning {
			fmt.Fprintln(a.Err, eventLine(e))
		}
	}
}

func eventLine(e offlinejoin.Event) string {
	switch e.Kind {
	case offlinejoin.EventWarning:
		return "warning: " + e.Text
	case offlinejoin.EventStep:
		return e.Text
	default:
		return "  " + e.Text
	}
}
