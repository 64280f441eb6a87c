package cli

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// showStatus tells what an image holds: the state, then what is known of the join and of the Windows.
func (a *app) showStatus(st *offlinejoin.Status) {
	fmt.Fprintln(a.Out, headline(st))
	showFacts(a.Out,
		fact{"Status", string(st.State)},
		fact{"Method", string(st.Method)},
		fact{"Staged", stagedBy(st)},
		fact{"Completed", st.CompletedAt},
		fact{"Result", result(st)},
		fact{"Found", st.Detail},
		fact{"Fingerprint", st.Fingerprint},
		fact{"Image", imageLine(st.Image)},
	)
}

func headline(st *offlinejoin.Status) string {
	name := join(st.MachineName, st.Domain)
	switch st.State {
	case offlinejoin.StateAbsent:
		return "No join is staged."
	case offlinejoin.StateStaged:
		return name + " is staged and waits for the first boot."
	case offlinejoin.StateCompleted:
		return name + " was joined at the first boot."
	case offlinejoin.StateFailed:
		return name + " was refused by Windows at the first boot."
	case offlinejoin.StateJoined:
		return "The image is a domain member already, not by this tool."
	case offlinejoin.StateForeign:
		return "Another tool's join is pending."
	}
	return string(st.State)
}

func stagedBy(st *offlinejoin.Status) string {
	if st.StagedAt == "" || st.StagedBy == "" {
		return st.StagedAt + st.StagedBy
	}
	return st.StagedAt + " by " + st.StagedBy
}

func result(st *offlinejoin.Status) string {
	if st.Attempts == 0 {
		return ""
	}
	tries := "1 attempt"
	if st.Attempts > 1 {
		tries = fmt.Sprintf("%d attempts", st.Attempts)
	}
	text := st.ResultText
	if text == "" {
		text = winerr.Code(st.Result).Text()
	}
	return fmt.Sprintf("%s (%s), %s", text, winerr.Code(st.Result), tries)
}

// imageLine is the identity of a Windows in one line.
func imageLine(f offlinejoin.ImageFacts) string {
	line := f.ProductName
	for _, part := range []struct{ before, text string }{
		{", build ", f.Build}, {", ", f.Architecture}, {", name ", f.ComputerName}, {", ", f.ImageState},
	} {
		if part.text != "" {
			line += part.before + part.text
		}
	}
	return line
}
