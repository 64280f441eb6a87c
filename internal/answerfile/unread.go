package answerfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// StaysError reports why a join was not taken out of an answer file. Nothing was done to the file.
type StaysError struct{ err error }

// Stays returns err as a StaysError, and nil for nil.
func Stays(err error) error {
	if err == nil {
		return nil
	}
	return &StaysError{err}
}

// Error implements error.
func (e *StaysError) Error() string { return e.err.Error() }

// Unwrap returns what was in the way.
func (e *StaysError) Unwrap() error { return e.err }

// removeUnread is Remove for a file that cannot be read, because of cause. Of the join it takes the account data out, which is known
// by its digest, and leaves every other byte: what else belongs to the join cannot be told. It refuses where that would lose what
// the join had replaced, and where a part of the account data may be left.
func removeUnread(file []byte, undo Undo, cause error) (*Removal, error) {
	why := withoutCure(cause)
	cut, ours, others := bytes.Clone(file), false, false
	var damaged error // the record, see unseal
	runs := base64Runs(file)
	slices.Reverse(runs) // cutting one moves none that is still to come
	for _, run := range runs {
		switch mine := digest(run.text) == undo.AccountData; {
		case mine && run.whole:
			cut, ours = slices.Delete(cut, run.start, run.end), true // and zeros behind it
			var removed []byte
			removed, damaged = unseal(run.text, undo.Salt, undo.Sealed)
			clear(removed)
		case mine || len(run.text) >= suspiciousRun:
			others = true
		}
		clear(run.text)
	}
	if !ours || others || damaged != nil || len(undo.Replaced) > 0 {
		clear(cut)
	}
	switch {
	case damaged != nil:
		return nil, damaged
	case others:
		return nil, refuse(winerr.InvalidParameter, "%s, and may still hold the machine's password, or a part of it, in an %s: correct it, or "+
			"take the %s out by hand, or remove the file", why, tagAccountData, tagAccountData)
	case !ours:
		return &Removal{Outcome: Gone, Notes: []string{"the answer file " + why + ", and does not hold the password of the join: it is " +
			"left as it is"}}, nil
	case len(undo.Replaced) > 0:
		return nil, refuse(winerr.InvalidParameter, "%s, and still holds the machine's password in its %s, by which alone what the join had "+
			"replaced can be put back (%s): correct it, or remove the file", why, tagAccountData,
			plaintext.Line(strings.Join(undo.Replaced, "; "), plaintext.Name))
	}
	note := "the answer file " + why + ": the " + tagAccountData + " of the join, with the machine's password, was taken out of it, and " +
		"all else in it stays"
	if len(undo.Made) > 0 {
		note += ", also what the join had added (" + plaintext.Line(strings.Join(undo.Made, ", "), plaintext.Name) + ")"
	}
	return &Removal{Outcome: Cut, Content: cut, Notes: []string{note + ": correct it, or remove the file, before the first boot"}}, nil
}

// withoutCure returns what a refusal says is wrong, without its advice for staging.
func withoutCure(err error) string {
	text := err.Error()
	if r, ok := errors.AsType[*refusal](err); ok {
		text = r.text
	}
	if at := strings.LastIndex(text, ": "); at > 0 {
		text = text[:at]
	}
	return text
}

// suspiciousRun is from how many characters on base64 in a file may be a part of a blob that holds a password. The shortest
// blobs have more than 1,000.
const suspiciousRun = 128

// base64Run is base64 in a file.
type base64Run struct {
	text       []byte // SECRET: in memory of its own
	start, end int    // in the file
	whole      bool   // text is all that there is between start and end
}

// base64Runs finds all base64 in a file of which nothing else can be told, in UTF-8, in UTF-16, or in what is left of either.
func base64Runs(file []byte) (runs []base64Run) {
	width, first := 1, 0 // of a character, and where in it the byte is that says which
	for _, e := range []encoding{utf16LE, utf16BE} {
		if bytes.HasPrefix(file, []byte(e.bom)) {
			if width = 2; e.order == binary.BigEndian {
				first = 1
			}
		}
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	var run base64Run
	end := func() {
		if len(run.text) > 0 {
			run.whole = run.isIn(file, width, first)
			runs = append(runs, run)
		}
		run = base64Run{}
	}
	for i, c := range file {
		switch {
		case c == 0: // the other half of a character
		case strings.IndexByte(alphabet, c) < 0:
			end()
		default:
			if len(run.text) == 0 {
				run.start = i - first
			}
			run.text, run.end = append(run.text, c), i-first+width
		}
	}
	end()
	return runs
}

// isIn reports whether the run and nothing else is at its place in a file, in characters of width bytes of which all but one are 0.
func (run *base64Run) isIn(file []byte, width, first int) bool {
	if run.start < 0 || run.end > len(file) || run.end-run.start != len(run.text)*width {
		return false
	}
	for i, b := range file[run.start:run.end] {
		if want := run.text[i/width]; i%width != first && b != 0 || i%width == first && b != want {
			return false
		}
	}
	return true
}
