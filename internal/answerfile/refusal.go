package answerfile

import (
	"errors"
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// refusal is an error about a file whose name is not known here: its text starts with a verb ("is not …").
// It never quotes text of the file but names of elements that this package knows.
type refusal struct {
	code winerr.Code
	text string
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

func refuse(code winerr.Code, format string, args ...any) error {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// malformed says that the text of a file is not what XML allows, and where.
func malformed(line int, why string) error {
	return refuse(winerr.InvalidParameter, "is not a well-formed answer file: line %d: %s: correct it and stage again",
		line, why)
}

// of gives an error the name of the file it is about.
func of(name string, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return winerr.Errorf(r.code, "%s %s", name, r.text)
	}
	return err
}
