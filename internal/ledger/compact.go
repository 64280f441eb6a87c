package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/privatefile"
)

// compactFrom is the size in bytes below which a file is not worth compacting.
const compactFrom = 1 << 20

// newSuffix ends the name of the file that a compaction writes, before it takes the place of the ledger. One that is left
// was left by a run that was killed.
const newSuffix = ".new"

// wasteful reports whether a third of the lines say nothing any more. A file of which that is not true stays as it is, so
// that each compaction leaves at least as much room as the next uses take.
func (t tally) wasteful() bool { return !t.part && t.good >= compactFrom && t.over*3 >= t.lines }

// rewrite writes the lines in force of the ledger f, and the next line behind them, to a new file beside it. It reports false,
// and leaves nothing, where that cannot be done, such as in a folder that takes no new file: then the ledger grows until its
// bound.
func (s *file) rewrite(f *os.File, t tally, next []byte) bool {
	info, err := f.Stat()
	if err != nil || !replaceable(f, info) {
		return false
	}
	path := s.path + newSuffix
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	to, err := privatefile.Create(path)
	if err != nil {
		return false
	}
	size, err := copyInForce(to, io.NewSectionReader(f, 0, t.good))
	if err == nil && size+int64(len(next)) > s.bound {
		err = errors.New("nothing is gained")
	}
	if err == nil {
		_, err = to.Write(next)
	}
	if err = errors.Join(err, sameMode(to, info), to.Sync(), to.Close()); err != nil {
		_ = os.Remove(path) // the next compaction does it, too
	}
	return err == nil
}

// replace puts what rewrite has written in place of the ledger, at once: whoever is stopped at any point leaves the old file
// or the new one. It reports false where the old one stays, such as a file that is mounted by itself, or one that somebody
// has open on Windows. The error is that of making the new name durable.
func (s *file) replace() (bool, error) {
	if os.Rename(s.path+newSuffix, s.path) != nil {
		_ = os.Remove(s.path + newSuffix) // the next compaction does it, too
		return false, nil
	}
	if err := syncFolder(filepath.Dir(s.path)); err != nil {
		return true, s.failed("written to", err)
	}
	return true, nil
}

// copyInForce writes the last lines of the uses that are in force, and returns how many bytes they are. Stages that were not
// seen to end come last, as the tally of a file wants them.
func copyInForce(to io.Writer, content *io.SectionReader) (int64, error) {
	last, err := lastLines(content, content.Size())
	if err != nil {
		return 0, err
	}
	keep := make(map[int]bool, len(last))
	for _, use := range last {
		keep[use.last] = true
	}
	out := bufio.NewWriter(to)
	var size int64
	for _, begun := range []bool{false, true} {
		err := eachLine(content, content.Size(), func(number int, text []byte) error {
			if !keep[number] {
				return nil
			}
			event, _, _, err := outline(text)
			if err != nil || (event == EventIntent) != begun {
				return err
			}
			line, err := kept(text)
			size += int64(len(line))
			_, failed := out.Write(line)
			return errors.Join(err, failed)
		})
		if err != nil {
			return 0, err
		}
	}
	return size, out.Flush()
}

// inForceOf decodes the last lines of the uses that are in force, in their order, of so many bytes.
func inForceOf(content io.ReadSeeker, good int64) (entries []Entry, err error) {
	last, err := lastLines(content, good)
	if err != nil {
		return nil, err
	}
	began := make(map[int]int, len(last)) // by the number of the last line, that of the first
	for _, use := range last {
		began[use.last] = use.first
	}
	var found []pick
	err = eachLine(content, good, func(number int, text []byte) error {
		first, inForce := began[number]
		if !inForce {
			return nil
		}
		e, err := parseLine(text)
		found = append(found, pick{first, e})
		return err
	})
	return inOrder(found), err
}

// kept returns a line as a compacted file has it: without the names of uses that it ended, which are gone.
func kept(text []byte) ([]byte, error) {
	if endsOf(text) == nil {
		return append(text[:len(text):len(text)], '\n'), nil
	}
	e, err := parseLine(text)
	if err != nil {
		return nil, err
	}
	e.Ends = nil
	return e.line()
}

// useLines are the numbers of two lines of a use.
type useLines struct{ first, last int }

// lastLines returns the first and the last line of each use in force; see inForce.
func lastLines(content io.ReadSeeker, good int64) (map[string]useLines, error) {
	last, began := map[string]useLines{}, map[string]int{} // the second of uses that have ended, too
	err := eachLine(content, good, func(number int, text []byte) error {
		event, id, ends, err := outline(text)
		if err != nil {
			return err
		}
		for _, ended := range ends {
			delete(last, ended)
		}
		switch event {
		case EventCancelled:
			delete(last, id)
		case EventIntent, EventStaged, EventCompleted:
			if _, known := began[id]; !known {
				began[id] = number
			}
			last[id] = useLines{began[id], number}
		}
		return nil
	})
	return last, err
}

// outline returns what decides whether a line is in force. Lines that are plain need not be decoded for it.
func outline(text []byte) (event Event, id string, ends []string, err error) {
	event, name, ours := written(text)
	if ours && bytes.IndexByte(name, '\\') < 0 && endsOf(text) == nil && !bytes.Contains(text, []byte(`\u`)) {
		return event, string(name), nil, nil
	}
	e, err := parseLine(text)
	return e.Event, e.ID, e.Ends, err
}

// eachLine calls a function with every line of so many bytes that is not empty, and its number.
func eachLine(content io.ReadSeeker, good int64, do func(number int, text []byte) error) error {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(io.LimitReader(content, good), scanBuffer)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		if text := bytes.TrimSuffix(line, []byte("\n")); len(bytes.TrimSpace(text)) > 0 {
			if err := do(number, text); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
