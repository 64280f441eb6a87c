package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// fact is one line of `Name   value`.
type fact struct{ name, value string }

// showFacts prints the facts that have a value, aligned.
func showFacts(w io.Writer, facts ...fact) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, f := range facts {
		if f.value != "" {
			fmt.Fprintf(t, "%s\t%s\n", f.name, f.value)
		}
	}
	t.Flush() //nolint:errcheck // a closed pipe at the reader's end is the reader's choice
}
