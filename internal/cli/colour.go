package cli

import (
	"io"
	"os"
)

// painter colours lines for a terminal, and leaves them alone elsewhere.
type painter struct{ on bool }

// newPainter is on when w is a terminal and the user has not set NO_COLOR (https://no-color.org) or TERM=dumb.
func newPainter(w io.Writer) painter {
	return painter{on: os.Getenv("NO_COLOR") == "" && isTerminal(w)}
}

func (p painter) line(m mark, text string) string {
	const reset = "\x1b[0m"
	if !p.on {
		return text
	}
	switch m {
	case markAdd:
		return "\x1b[32m" + text + reset
	case markModify:
		return "\x1b[33m" + text + reset
	case markRemove:
		return "\x1b[31m" + text + reset
	}
	return text
}

// bold makes a heading.
func (p painter) bold(text string) string {
	if !p.on {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// isTerminal reports whether w is a terminal that lines can be redrawn on.
func isTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	if !isFile || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && understandsANSI()
}
