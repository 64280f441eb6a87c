package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// showLogs prints the ends of the image's logs. Their text is the image's, made fit for a terminal by the core.
func (a *app) showLogs(logs []offlinejoin.Log) {
	for _, l := range logs {
		fmt.Fprintf(a.Out, "\n%s\n", l.Path)
		if l.Error != "" {
			fmt.Fprintf(a.Out, "  cannot be read: %s\n", l.Error)
		}
		for _, line := range l.Lines {
			fmt.Fprintf(a.Out, "  %s\n", line)
		}
	}
}
