package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// section is a title with facts below it; one without a name is a line of its own.
type section struct {
	title string
	facts []fact
}

// The column in which the values of a section begin: one for all sections of short names, further right for longer
// ones, up to where a name pushes only its own value.
const (
	narrowest = 14
	widest    = 48
)

// showSections prints the sections that have facts, each aligned and after an empty line.
func showSections(w io.Writer, sections []section) {
	for _, s := range sections {
		width := 0
		for _, f := range s.facts {
			if f.value != "" {
				width = max(width, min(utf8.RuneCountInString(f.name), widest))
			}
		}
		if width == 0 {
			continue
		}
		width = max(width, narrowest)
		fmt.Fprintf(w, "\n%s\n", s.title)
		for _, f := range s.facts {
			switch {
			case f.value == "":
			case f.name == "":
				fmt.Fprintf(w, "  %s\n", f.value)
			default:
				pad := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(f.name)))
				fmt.Fprintf(w, "  %s%s  %s\n", f.name, pad, f.value)
			}
		}
	}
}
