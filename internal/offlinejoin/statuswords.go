package offlinejoin

import (
	"fmt"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The words of a status are of this file, for all front ends: the headline, what became of the first boot, and the detail say
// one thing.

// finding is what the state of a join does not say, and what to do about it, "" when there is nothing.
type finding struct{ what, cure string }

// say makes a finding the detail of the status.
func (st *Status) say(f finding) {
	if st.cure = ""; f.cure != "" {
		st.cure = ": " + f.cure
	}
	st.Detail = f.what + st.cure
}

// Headline is what the image holds in one sentence.
func (st *Status) Headline() string {
	name := st.join()
	switch st.State {
	case StateAbsent:
		return "No join is staged."
	case StateStaged:
		return name + st.stagedHeadline()
	case StateCompleted:
		return name + " was joined at the first boot."
	case StateFailed:
		if st.refused() {
			return name + " was refused by Windows at the first boot."
		}
		return name + " was not joined at the first boot."
	case StateJoined:
		return "The image is a domain member already, not by this tool."
	case StateForeign:
		if st.Method != "" || st.StagedBy != "" {
			return "The image holds a record of this tool that this version does not understand."
		}
		return "Another tool's join is pending."
	}
	return string(st.State)
}

func (st *Status) join() string {
	if st.MachineName == "" {
		return "A join"
	}
	return st.MachineName + " → " + st.Domain
}

// stagedHeadline says of a staged join that it waits for a boot only where nothing is known that keeps it from completing.
func (st *Status) stagedHeadline() string {
	switch {
	case st.Program == ProgramChanged:
		return " is staged, and the program that the next boot runs as SYSTEM is not the one that was staged."
	case st.Program == ProgramMissing && !st.halfUndone():
		return " is staged, and its completion program is missing: it will not join."
	case st.NotRun:
		return " is staged, and Windows was started since without joining."
	case st.Incomplete:
		return " was staged, but is not complete any more: the next boot does not join."
	case st.Attempts > 0 && st.retries():
		return " is staged and waits for the next boot."
	case len(st.Notices()) > 0:
		return " is staged, and needs attention."
	}
	return " is staged and waits for the first boot."
}

// halfUndone reports whether more than the program is missing, as after an unstage that was broken off.
func (st *Status) halfUndone() bool { return strings.HasPrefix(st.Detail, noBlob.what) }

// retries reports whether all that is to be said of a staged join is that an attempt came too early.
func (st *Status) retries() bool {
	return len(st.Notices()) == 1 && strings.HasPrefix(st.Detail, "attempt ") && !strings.HasSuffix(st.Detail, unrecoverableDetail)
}

// refused reports whether Windows' function was asked at the first boot and returned an error.
func (st *Status) refused() bool { return st.Attempts > 0 && st.Result != 0 }

// Attempted is what the first boot has come to: Windows' answer with its code, and how often it was asked. It is "" when
// nothing was attempted, or an attempt has left no answer.
func (st *Status) Attempted() string {
	if st.Attempts == 0 || st.Result == 0 && st.State != StateCompleted {
		return ""
	}
	tries := "1 attempt"
	if st.Attempts > 1 {
		tries = fmt.Sprintf("%d attempts", st.Attempts)
	}
	code := winerr.Code(st.Result)
	text := st.ResultText
	if text == "" {
		text = code.Text()
	}
	if text == "" {
		return fmt.Sprintf("%s, %s", code, tries)
	}
	return fmt.Sprintf("%s (%s), %s", text, code, tries)
}

// Failure is why a first boot did not join, for [StateFailed]: what Windows answered, or what is known instead.
func (st *Status) Failure() string {
	switch {
	case st.refused():
		return st.Attempted()
	case st.Detail != "":
		return st.Detail
	case st.ResultText != "":
		return st.ResultText
	}
	return "nothing is known of the reason"
}
