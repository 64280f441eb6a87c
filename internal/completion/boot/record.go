package boot

import (
	"errors"
	"strconv"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// count adds one to Attempts. An absent number counts as none; one that cannot be read does too, and is an error.
func (r *run) count() error {
	n, readErr := r.sys.Number(completion.Key, completion.ValueAttempts)
	if n+1 > n {
		n++
	}
	r.attempt = n
	return errors.Join(ignoreAbsent(readErr), r.orNoRecord(r.sys.SetNumber(completion.Key, completion.ValueAttempts, n)))
}

// startedText is what ResultText says until there is a result.
const startedText = "the completion program has started and did not come to an end, as after a loss of power: " +
	"the blob may still be in the registry, so stage the image again or unstage it"

// markStarted is step 4.
func (r *run) markStarted() error {
	const key = completion.Key
	return errors.Join(
		r.sys.SetNumber(key, completion.ValueResult, uint32(winerr.OperationAborted)),
		r.sys.SetText(key, completion.ValueResultText, startedText+" ("+winerr.OperationAborted.String()+")"),
		r.sys.SetText(key, completion.ValueState, completion.StateStarted),
		r.sys.Flush(key),
	)
}

// record is step 9. State comes last: whoever reads it finds the rest there.
func (r *run) record(out Outcome) {
	const key = completion.Key
	r.try("recording the result", func() error { return r.recordResult(out) })
	r.try("recording the time", func() error {
		return r.orNoRecord(r.sys.SetText(key, completion.ValueCompletedAt, Stamp(time.Now())))
	})
	r.try("recording the state", func() error {
		return errors.Join(r.orNoRecord(r.sys.SetText(key, completion.ValueState, out.State)), r.flushRecord())
	})
}

func (r *run) recordResult(out Outcome) error {
	const key = completion.Key
	return errors.Join(
		r.orNoRecord(r.sys.SetNumber(key, completion.ValueResult, uint32(out.Code))),
		r.orNoRecord(r.sys.SetText(key, completion.ValueResultText, r.withNotes(out.Text))),
	)
}

func (r *run) flushRecord() error {
	if r.noRecord {
		return nil
	}
	return r.sys.Flush(completion.Key)
}

// orNoRecord takes a setter's error that our key does not exist for what it is: there is nobody to tell.
func (r *run) orNoRecord(err error) error {
	if errors.Is(err, ErrAbsent) {
		r.noRecord = true
		return nil
	}
	return err
}

// Stamp is RFC 3339 in UTC, to the second. Package time's own formatting would add 70 KB to the program.
func Stamp(at time.Time) string {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	text := pad(year, 4) + "-" + pad(int(month), 2) + "-" + pad(day, 2)
	return text + "T" + pad(hour, 2) + ":" + pad(minute, 2) + ":" + pad(second, 2) + "Z"
}

// pad is a number from 0 with leading zeros.
func pad(n, width int) string {
	digits := strconv.Itoa(n)
	for len(digits) < width {
		digits = "0" + digits
	}
	return digits
}
