package term

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// Fact is one line of `Name   value`. One without a value is not printed.
type Fact struct{ Name, Value string }

// WriteFacts prints facts, their values aligned.
func WriteFacts(w io.Writer, facts ...Fact) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, f := range facts {
		if f.Value != "" {
			fmt.Fprintf(t, "%s\t%s\n", f.Name, f.Value)
		}
	}
	t.Flush() // a closed pipe at the reader's end is the reader's choice
}

// Section is a title with facts below it; a fact without a name is a line of its own.
type Section struct {
	Title string
	Facts []Fact
}

// The column in which the values of a section begin: one for all sections of short names, further right for longer
// ones, up to where a name pushes only its own value.
const (
	narrowest = 14
	widest    = 48
)

// WriteSections prints the sections that have facts, each aligned and after an empty line.
func WriteSections(w io.Writer, sections []Section) {
	for _, s := range sections {
		width, filled := s.width()
		if !filled {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", s.Title)
		for _, f := range s.Facts {
			switch {
			case f.Value == "":
			case f.Name == "":
				fmt.Fprintf(w, "  %s\n", f.Value)
			default:
				pad := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(f.Name)))
				fmt.Fprintf(w, "  %s%s  %s\n", f.Name, pad, f.Value)
			}
		}
	}
}

// width returns the width of the column of names, and whether there is anything to print.
func (s Section) width() (width int, filled bool) {
	width = narrowest
	for _, f := range s.Facts {
		if f.Value != "" {
			filled = true
			width = max(width, min(utf8.RuneCountInString(f.Name), widest))
		}
	}
	return width, filled
}
