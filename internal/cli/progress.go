package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// progress shows what the core does, on standard error, so that results stay alone on standard output. With --json only
// warnings are shown.
func (a *app) progress() func(offlinejoin.Event) {
	return func(e offlinejoin.Event) {
		if e.Kind == offlinejoin.EventWarning || !a.json {
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
