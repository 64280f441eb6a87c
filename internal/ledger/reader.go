package ledger

import (
	"bytes"
	"fmt"
)

// parse reads all lines. The rest after the last newline counts when it is a whole line, as an editor may leave it, and
// else is what a crash cut off: good is the length in bytes of what may stay.
func parse(content []byte) (entries []Entry, good int, err error) {
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		var e Entry
		blank := len(bytes.TrimSpace(text)) == 0
		if !blank {
			e, err = parseBounded(text)
		}
		switch {
		case err != nil && !ended && err != errNewer:
			return entries, good, nil
		case err != nil:
			return nil, 0, fmt.Errorf("line %d %w", number, err)
		case !blank:
			entries = append(entries, e)
		}
		good += len(line)
	}
	return entries, good, nil
}

func parseBounded(line []byte) (Entry, error) {
	if len(line) > maxLine {
		return Entry{}, errDamaged
	}
	return parseLine(line)
}
