package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// progress shows what the core does, on standard error, so that results stay alone on standard output. With --json only
// warnings are shown.
func (a *app) progress() func(offlinejoin.Event) {
	return func(e offlinejoin.Event) {
		switch {
		case e.Kind == offlinejoin.EventWarning:
			a.warn(e.Text)
		case a.json:
		case e.Kind == offlinejoin.EventStep:
			fmt.Fprintln(a.Err, e.Text)
		default:
			fmt.Fprintln(a.Err, "  "+e.Text)
		}
	}
}
