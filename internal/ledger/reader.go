package ledger

import (
	"bytes"
	"errors"
	"fmt"
)

// filter tells the lines that matter to a question by pieces of text that they would hold; nil wants all. It keeps a
// ledger of many thousand uses fast: only these lines are decoded, and of the others only the ends are looked at.
type filter [][]byte

// filterFor wants the lines that hold one of the texts, and those that say what cannot be told by looking at their own
// use: that they end others, or are written with escapes, which no text of ours is.
func filterFor(texts ...string) filter {
	f := filter{[]byte(`"ends"`), []byte(`\u`)}
	for _, text := range texts {
		if text != "" {
			f = append(f, []byte(text))
		}
	}
	return f
}

func (f filter) wants(line []byte) bool {
	if f == nil || !looksWritten(line) {
		return true // also what is not as we write it, so that damage is noticed
	}
	for _, piece := range f {
		if bytes.Contains(line, piece) {
			return true
		}
	}
	return false
}

// looksWritten reports whether a line begins and ends as those that this package writes.
func looksWritten(line []byte) bool {
	rest, ours := bytes.CutPrefix(line, []byte(`{"v":1,"event":"`))
	event, _, cut := bytes.Cut(rest, []byte(`","id":"`))
	return ours && cut && Event(event).known() && bytes.HasSuffix(line, []byte("}"))
}

// parse reads the lines that are wanted. The rest after the last newline counts when it is a whole line, as an editor
// may leave it, and else is what a crash cut off: good is the length in bytes of what may stay.
func parse(content []byte, f filter) (entries []Entry, good int, err error) {
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if len(bytes.TrimSpace(text)) > 0 && (!ended || f.wants(text)) {
			e, err := parseLine(text)
			switch {
			case err == nil:
				entries = append(entries, e)
			case !ended && !errors.Is(err, errNewer):
				return entries, good, nil
			default:
				return nil, 0, fmt.Errorf("line %d %w", number, err)
			}
		}
		good += len(line)
	}
	return entries, good, nil
}
