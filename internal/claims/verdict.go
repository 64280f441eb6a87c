package claims

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// lacking is the reason why a check cannot be made here.
type lacking struct{ reason string }

func (l lacking) Error() string { return l.reason }

// Lacking returns the error of a check that cannot be made here: it is skipped for the reason, which the evidence shows.
func Lacking(reason string) error { return lacking{reason} }

// IsLacking reports whether an error says that a check cannot be made here, and why.
func IsLacking(err error) (reason string, is bool) {
	l, is := errors.AsType[lacking](err)
	return l.reason, is
}

// difference is a failure whose text is ours alone, so that it can stand in the evidence.
type difference struct{ text string }

func (d difference) Error() string { return d.text }

// Differs returns the error of a check that has found something else than the claim says. Evidence shows its text, so that no
// text of others may be in it.
func Differs(format string, args ...any) error { return difference{fmt.Sprintf(format, args...)} }

// Judged returns what the error of a check comes to, nil included, and the reason that evidence has for it.
func Judged(err error) (Result, string) {
	if err == nil {
		return Passed, ""
	}
	if reason, is := IsLacking(err); is {
		return Skipped, reason
	}
	if errors.Is(err, context.Canceled) {
		return Skipped, "interrupted"
	}
	return Failed, Reason(err)
}

const maxReason = 200 // runes

// Reason returns what evidence says of a failure. Errors of other programs name files and users, so that only their codes pass.
func Reason(err error) string {
	if d, is := errors.AsType[difference](err); is {
		return plaintext.Line(d.text, maxReason)
	}
	if code, has := winerr.CodeOf(err); has {
		return "code " + strconv.FormatUint(uint64(code), 10)
	}
	return fmt.Sprintf("an error of type %T", err)
}
