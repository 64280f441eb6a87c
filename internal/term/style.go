package term

import (
	"io"
	"os"
)

// Mark is what happens to the subject of a line: it is new, it changes, it goes, or it stays as it is.
type Mark byte

// The marks. A line without one stays as it is.
const (
	Same Mark = iota
	Added
	Modified
	Removed
)

// String returns the mark as it is printed.
func (m Mark) String() string { return [...]string{" ", "+", "~", "-"}[m] }

// Painter colours text for a terminal, and leaves it alone elsewhere.
type Painter struct{ on bool }

// NewPainter returns a painter for w. It paints when w takes ANSI escape sequences and the user has not set NO_COLOR
// (https://no-color.org).
func NewPainter(w io.Writer) Painter {
	return Painter{on: os.Getenv("NO_COLOR") == "" && TakesANSI(w)}
}

// On reports whether the painter paints.
func (p Painter) On() bool { return p.on }

// Line colours a line by its mark: green what is new, yellow what changes, red what goes.
func (p Painter) Line(m Mark, text string) string {
	switch m {
	case Added:
		return p.sequence("32", text)
	case Modified:
		return p.sequence("33", text)
	case Removed:
		return p.sequence("31", text)
	default:
		return text
	}
}

// Bold makes a heading.
func (p Painter) Bold(text string) string { return p.sequence("1", text) }

func (p Painter) sequence(code, text string) string {
	if !p.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
