package undojournal

import (
	"errors"
	"fmt"
)

// ErrJournal is what every error about a journal that this package cannot use matches: another version of the format.
var ErrJournal = errors.New("the journal of an interrupted edit cannot be used")

// ErrTooLarge is returned by [Write] when the journal of a change would exceed [MaxJournal]. Nothing was written.
var ErrTooLarge = errors.New("the change is too large for one journal")

// Foreign is returned when a file is neither as the interrupted change found it nor as it would leave it. Nothing was
// touched. The way out is the user's: a file that is known to be good may be used after its journal is deleted.
type Foreign struct {
	Journal string // the journal's name in its folder
	Off     int64  // where in the file; -1 when it is not one place
	Detail  string
}

// Error implements error.
func (e *Foreign) Error() string {
	where := ""
	if e.Off >= 0 {
		where = fmt.Sprintf(" at offset %d", e.Off)
	}
	return fmt.Sprintf("was changed by something else after an interrupted edit (%s%s): restore it from a copy, "+
		"or delete %s if it is known to be good", e.Detail, where, e.Journal)
}

// Busy is returned while another process, or another user in this one, works with the journal.
type Busy struct{ Journal string }

// Error implements error.
func (e *Busy) Error() string {
	return fmt.Sprintf("is being changed by another process (%s is locked): wait until it is done", e.Journal)
}

// Pending is returned by [Write] when the file has a journal already, which [Recover] must see to first.
type Pending struct{ Journal string }

// Error implements error.
func (e *Pending) Error() string {
	return fmt.Sprintf("has the journal of an interrupted edit, %s, which must be recovered first", e.Journal)
}

// State is what a failed [Write] has left behind.
type State int

// The states.
const (
	Unchanged State = iota // the file is as before, and so is the folder, but perhaps for a journal that means nothing
	Uncertain              // the journal stays: Recover makes the file old or new
	Changed                // the change is complete and durable; what failed is the removal of the journal
)

// WriteError is a failure of [Write] after it began to write.
type WriteError struct {
	State State
	Err   error
}

// Error implements error.
func (e *WriteError) Error() string {
	switch e.State {
	case Changed:
		return fmt.Sprintf("the change is complete, but its journal could not be removed: %v", e.Err)
	case Uncertain:
		return fmt.Sprintf("the change broke off, and its journal stays to undo or complete it: %v", e.Err)
	default:
		return fmt.Sprintf("the change was not made: %v", e.Err)
	}
}

// Unwrap returns the cause.
func (e *WriteError) Unwrap() error { return e.Err }
