package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// wanted says which uses matter to a question. The zero value wants none.
type wanted struct {
	all bool
	// force wants the last line of every use in force, and nothing else.
	force bool
	// texts are fingerprints, SIDs of accounts, names of machines in upper case and names of uses: a use matters when one of
	// its lines has one of them.
	texts []string
	// machineSID adds the last uses for copies of one installation. They are only warned about: of 10,000 of them the last
	// says all there is to say.
	machineSID string
	// since names a use: no line before its intent matters.
	since string
}

// lastClones is how many lines about copies of one installation are looked at.
const lastClones = 16

// wantedFor wants the uses that have one of the texts; empty ones are left out.
func wantedFor(texts ...string) wanted {
	return wanted{texts: slices.DeleteFunc(texts, func(text string) bool { return text == "" })}
}

func (w wanted) none() bool { return !w.all && !w.force && len(w.texts) == 0 && w.machineSID == "" }

// tally is what a scan has seen beside the entries.
type tally struct {
	good  int64 // bytes that may stay: all but what a crash cut off
	part  bool  // only the end was looked at, and nothing is counted
	open  bool  // the last line has no newline, but is whole
	lines int
	over  int // about how many lines say nothing any more, since a later one of the same use does
	begun int // intents that were not seen to end
}

// count takes one line into account, of which the event is enough. It is right for what this package writes: an outcome
// comes after its intent, if that is still there.
func (t *tally) count(event Event, ends bool) {
	t.lines++
	switch event {
	case EventIntent:
		t.begun++
		return
	case EventStaged:
	case EventCancelled, EventUnstaged, EventReleased:
		t.over++ // itself
	case EventCompleted: // a compacted file has it alone
		return
	}
	if t.begun > 0 && event != EventUnstaged && event != EventReleased {
		t.begun--
		t.over++
	}
	if ends {
		t.over++
	}
}

// scan reads the lines that are wanted. The rest after the last newline counts when it is a whole line, as an editor may
// leave it, and else must be what a crash cut off. Errors: errForeign, errDamaged or errNewer with the number of the line, or
// that of the reader.
func scan(r io.ReadSeeker, w wanted) (entries []Entry, t tally, err error) {
	if !w.force {
		return newPicker(w).scan(r)
	}
	if _, t, err = newPicker(wanted{}).scan(r); err != nil { // so that damage is noticed
		return nil, tally{}, err
	}
	entries, err = inForceOf(r, t.good)
	return entries, t, err
}

// scanEnd is scan of the last lines alone, for who wants none and only adds one, or what has come since a use began. ok is false
// when they do not tell, and all has to be looked at.
func scanEnd(content *io.SectionReader, w wanted) (entries []Entry, t tally, ok bool) {
	const enough, most = 2 * maxLine, 64 * maxLine
	for size := int64(enough); size <= most; size *= 2 {
		at := content.Size() - size
		if at <= 0 {
			break
		}
		end := make([]byte, size)
		if _, err := content.ReadAt(end, at); err != nil {
			break
		}
		skip := bytes.IndexByte(end, '\n') + 1
		if w.since != "" && !bytes.Contains(end[skip:], beginOf(w.since)) {
			continue // it is further up
		}
		p := newPicker(w)
		p.blank = false
		entries, t, err := p.scan(bytes.NewReader(end[skip:]))
		if skip == 0 || err != nil || t.lines == 0 {
			break
		}
		return entries, tally{good: at + int64(skip) + t.good, open: t.open, part: true}, true
	}
	return nil, tally{}, false
}

// beginOf returns what the line has, as this package writes it, by which a use begins.
func beginOf(use string) []byte {
	return []byte(`,"event":"` + string(EventIntent) + `","id":"` + use + `"`)
}

func (p *picker) scan(r io.Reader) (entries []Entry, t tally, err error) {
	lines := bufio.NewReaderSize(r, scanBuffer)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		if len(line) == 0 && errors.Is(err, io.EOF) {
			return p.picked(), t, nil
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, tally{}, err
		}
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if err := p.look(text, number, ended, &t); errors.Is(err, errTorn) {
			return p.picked(), t, nil
		} else if err != nil {
			return nil, tally{}, err
		}
		t.good += int64(len(line))
		t.open = !ended
	}
}

// scanBuffer holds some lines, and any that this package writes.
const scanBuffer = 4 * maxLine

// parse is scan of what is in memory.
func parse(content []byte, w wanted) (entries []Entry, good int, err error) {
	entries, t, err := scan(bytes.NewReader(content), w)
	return entries, int(t.good), err
}

// errTorn says that a line was cut off by a crash.
var errTorn = errors.New("was cut off")

// picker decodes the lines that matter. Of the others only the beginning is looked at: a stage reads the ledger three times,
// and decoding 1,000 lines each time would take more processor time than the stage itself.
type picker struct {
	wanted
	pieces [][]byte        // the texts as lines have them
	clone  []byte          // the machine SID as lines have it; nil: none
	uses   map[string]bool // the names of the uses that matter
	picks  []pick
	ring   [lastClones]ringLine // the last lines about clones, by their count
	clones int                  // lines about clones
	blank  bool                 // there were no lines but empty ones
}

type pick struct {
	number int
	entry  Entry
}

type ringLine struct {
	number int
	use    string
	text   []byte
}

func newPicker(w wanted) *picker {
	p := &picker{wanted: w, blank: true, uses: map[string]bool{}}
	for _, text := range w.texts {
		p.pieces = append(p.pieces, piece(text))
	}
	if w.machineSID != "" {
		p.clone = piece(w.machineSID)
	}
	return p
}

// piece returns the end of a text as lines have it: long pieces, and those that begin as many others do, are found slowly, and
// a line too much that is decoded does no harm.
func piece(text string) []byte {
	quoted := `"` + text + `"`
	return []byte(quoted[max(0, len(quoted)-32):])
}

// look takes one line. It returns errTorn for the last one when that is to be cut off.
func (p *picker) look(text []byte, number int, ended bool, t *tally) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	event, id, written := written(text)
	if !written || !ended || bytes.Contains(text, []byte(`\u`)) { // what is not as we write it, so that damage is noticed
		return p.decode(text, number, ended, t)
	}
	p.blank = false
	ends := endsOf(text)
	t.count(event, ends != nil)
	switch {
	case p.matters(text, ends):
		e, err := parseLine(text)
		if err != nil {
			return fmt.Errorf("line %d %w", number, err)
		}
		p.add(number, e)
	case p.clone != nil && (bytes.Contains(text, p.clone) || p.named(ends, p.inRing)):
		slot := &p.ring[p.clones%lastClones]
		slot.number, slot.use, slot.text = number, string(id), append(slot.text[:0], text...)
		p.clones++
	}
	return nil
}

// decode takes a line that is not written as this package does, or is the last without its end.
func (p *picker) decode(text []byte, number int, ended bool, t *tally) error {
	e, err := parseLine(text)
	switch {
	case err == nil:
		p.blank = false
		t.count(e.Event, len(e.Ends) > 0)
		p.add(number, e)
		return nil
	case !ended && !errors.Is(err, errNewer) && looksTorn(text, p.blank):
		return errTorn
	case p.blank && !bytes.HasPrefix(text, []byte(`{"v":`)):
		return errForeign
	}
	return fmt.Errorf("line %d %w", number, err)
}

func (p *picker) add(number int, e Entry) {
	p.picks = append(p.picks, pick{number, e})
	p.uses[e.ID] = true
}

// matters reports whether a line has one of the texts, or ends a use that matters.
func (p *picker) matters(text, ends []byte) bool {
	if p.all || slices.ContainsFunc(p.pieces, func(piece []byte) bool { return bytes.Contains(text, piece) }) {
		return true
	}
	if bytes.IndexByte(ends, '\\') >= 0 { // no name of a use that we have made
		return true
	}
	return p.named(ends, func(use string) bool { return p.uses[use] })
}

// named reports whether one of the uses that a line ends is meant.
func (p *picker) named(ends []byte, meant func(use string) bool) bool {
	for name := range bytes.SplitSeq(ends, []byte(`"`)) {
		if meant(string(name)) {
			return true
		}
	}
	return false
}

// inRing reports whether the last lines about clones have a use.
func (p *picker) inRing(use string) bool {
	return slices.ContainsFunc(p.ring[:], func(l ringLine) bool { return l.number > 0 && l.use == use })
}

// picked returns the entries in their order, with those of the last clones.
func (p *picker) picked() []Entry {
	for _, l := range p.ring[:min(p.clones, lastClones)] {
		if e, err := parseLine(l.text); err == nil { // else whoever the line matters to finds the damage
			p.picks = append(p.picks, pick{l.number, e})
		}
	}
	return inOrder(p.picks)
}

// inOrder returns the entries by their numbers.
func inOrder(picks []pick) (entries []Entry) {
	slices.SortFunc(picks, func(a, b pick) int { return a.number - b.number })
	for _, one := range picks {
		entries = append(entries, one.entry)
	}
	return entries
}

// written reports whether a line begins and ends as those that this package writes or has written, and returns its event and
// the name of its use.
func written(line []byte) (event Event, id []byte, ours bool) {
	rest, ours := bytes.CutPrefix(line, []byte(`{"v":`))
	version, rest, _ := bytes.Cut(rest, []byte(`,"event":"`))
	name, rest, _ := bytes.Cut(rest, []byte(`","id":"`))
	known := len(version) == 1 && version[0] >= '1' && version[0] <= '0'+Version
	id, rest, _ = bytes.Cut(rest, []byte(`"`))
	if !ours || !known || !Event(name).known() || !bytes.HasSuffix(rest, []byte("}")) {
		return "", nil, false
	}
	return Event(name), id, true
}

// endsOf returns what a written line has from the names on that it takes out of force, and nil when it has none.
func endsOf(line []byte) []byte {
	if at := bytes.Index(line, []byte(`"ends"`)); at >= 0 {
		return line[at:]
	}
	return nil
}

// looksTorn reports whether a line without its end is one of ours that a crash cut off: the beginning of a line, and zeros where
// a file system has kept room and no bytes. Behind lines of ours its beginning is enough. A file that holds nothing else must
// begin beyond doubt as ours: it may be somebody's only copy of a secret.
func looksTorn(line []byte, alone bool) bool {
	if len(line) > maxLine {
		return false
	}
	const version, event = `{"v":`, `,"event":"`
	line = bytes.TrimRight(line, "\x00")
	if rest, ours := bytes.CutPrefix(line, []byte(version)); ours {
		return isBeginning(line) && (!alone || len(rest) > len(event) && bytes.HasPrefix(rest[1:], []byte(event)))
	}
	return !alone && bytes.HasPrefix([]byte(version), line)
}

// isBeginning reports whether a text is JSON as far as it goes, and does not go to the end. Lines that were joined are not.
func isBeginning(text []byte) bool {
	var value json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(text)).Decode(&value), io.ErrUnexpectedEOF)
}
