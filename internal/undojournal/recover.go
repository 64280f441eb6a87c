package undojournal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Outcome is what [Recover] or [View] found.
type Outcome int

// The outcomes.
const (
	Clean        Outcome = iota // there was no journal
	NeverStarted                // the journal was not whole: the change had not begun, or everything was done
	RolledBack                  // the file is as it was before the change
	Completed                   // the change was complete but for wipes, which are done now
)

// String returns a phrase for a line of output.
func (o Outcome) String() string {
	switch o {
	case Clean:
		return "no edit was interrupted"
	case NeverStarted:
		return "an interrupted edit had not begun"
	case RolledBack:
		return "an interrupted edit was rolled back"
	case Completed:
		return "an interrupted edit was completed"
	default:
		return "unknown"
	}
}

// Recover brings f to its old or its new state when there is the journal of a change that broke off, and removes the journal. The
// identity is what [Write] was called with; it is not compared when either is empty.
//
// It returns a *[Foreign], having touched nothing, when somebody else has changed f in between, or when the journal is
// another file's; a *[Busy] when the journal is in use; an error that matches [ErrJournal] for a journal it cannot use.
// After any other error the journal is still there, and Recover can be called again.
func Recover(f File, folder Folder, name string, identity []byte) (Outcome, error) {
	h, err := folder.Open(name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return Clean, nil
	}
	if err != nil {
		return Clean, err
	}
	outcome, err := recoverWith(f, folder, h, name, identity)
	return outcome, errors.Join(err, h.Close())
}

func recoverWith(f File, folder Folder, h Handle, name string, identity []byte) (Outcome, error) {
	j, err := readJournal(h)
	if errors.Is(err, errTorn) {
		return NeverStarted, removeTorn(h, folder)
	}
	if err != nil {
		return Clean, err
	}
	defer j.forget()
	complete, err := j.evaluate(f, name, identity)
	if err != nil {
		return Clean, err
	}
	outcome := RolledBack
	if complete {
		outcome, err = Completed, j.complete(f)
	} else {
		err = j.rollBack(f)
	}
	if err != nil {
		return outcome, err
	}
	return outcome, discard(h, folder)
}

// readJournal reads a journal. It returns errTorn when it is not whole.
func readJournal(h Handle) (*journal, error) {
	size, err := h.Size()
	if err != nil {
		return nil, err
	}
	if size > MaxJournal {
		head := make([]byte, len(magic))
		if err := readFull(h, head, 0); err != nil {
			return nil, err
		}
		if string(head) != magic {
			return nil, errTorn
		}
		return nil, fmt.Errorf("%w: it has %d MiB, more than any that this program writes", ErrJournal, size>>20)
	}
	b := make([]byte, size)
	if err := readFull(h, b, 0); err != nil {
		return nil, fmt.Errorf("reading the journal of an interrupted edit: %w", err)
	}
	return decode(b)
}

// removeTorn removes a journal that means nothing. Only what begins as a journal is overwritten first: the rest may be
// another name of somebody else's file.
func removeTorn(h Handle, folder Folder) error {
	head := make([]byte, len(magic))
	if readFull(h, head, 0) == nil && string(head) == magic {
		return discard(h, folder)
	}
	if err := h.Remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return folder.Sync()
}

// forget zeroes the old bytes.
func (j *journal) forget() {
	for i := range j.sectors {
		clear(j.sectors[i].old)
	}
}

// evaluate reports whether the change is complete but for the wipes. It returns a *Foreign when the file is not one that
// the change can have left.
//
// A wipe begins after all groups are durable, and those after the fills; after fresh pieces of a group comes another one that
// shows that they were written. So the file is complete when every sector that distinguishes old from new is in its last
// state. Sectors that end as they began do not, and neither do fills, whose old content is not known, as long as a sector of
// a group does.
func (j *journal) evaluate(f Reader, name string, identity []byte) (complete bool, err error) {
	if len(identity) > 0 && len(j.identity) > 0 && !bytes.Equal(identity, j.identity) {
		return false, &Foreign{name, -1, "the journal is another file's"}
	}
	size, err := f.Size()
	if err != nil {
		return false, err
	}
	if size < j.oldSize || size > j.newSize {
		return false, &Foreign{name, -1, fmt.Sprintf("it has %d bytes, and should have %d", size, j.oldSize)}
	}
	s := survey{fillMissing: -1}
	for i := range j.sectors {
		if err := s.look(j, &j.sectors[i], f, name); err != nil {
			return false, err
		}
	}
	for i := range j.runs {
		if err := s.lookAtRun(j, &j.runs[i], f); err != nil {
			return false, err
		}
	}
	if size != j.newSize {
		s.unfinished = true
	}
	if s.distinguishing > 0 && !s.unfinished && s.fillMissing >= 0 {
		return false, &Foreign{name, s.fillMissing, "new data were overwritten"}
	}
	return !s.unfinished && s.fillMissing < 0, nil
}

// survey sums up the sectors of a file.
type survey struct {
	distinguishing int   // sectors whose last state differs from the old one
	unfinished     bool  // one of the sectors of groups is not in its last state
	fillMissing    int64 // where a fill's sector is not in its last state; -1 when nowhere
}

// look takes one sector into account.
func (s *survey) look(j *journal, sec *sector, f Reader, name string) error {
	now, there, err := j.present(sec, f)
	if err != nil {
		return err
	}
	sum := digest(now)
	last := there && bytes.Equal(sum[:], sec.last())
	if sec.kind == kindFill && !last && there && sec.given(sum) { // a group has not taken its turn
		s.unfinished = true
		return nil
	}
	switch sec.kind {
	case kindUndo, kindEdge:
		if !bytes.Equal(now, sec.old) && !sec.given(sum) {
			return &Foreign{name, sec.off, "a sector is neither old nor new"}
		}
	}
	if sec.kind == kindFill || sec.kind == kindEdge {
		if !last && s.fillMissing < 0 {
			s.fillMissing = sec.off
		}
		return nil
	}
	s.unfinished = s.unfinished || !last
	if sec.distinguishes() {
		s.distinguishing++
	}
	return nil
}

// completesOld reports whether recovery carries out the wipes although the file is the old one: nothing else distinguishes
// the new one.
func (j *journal) completesOld() bool {
	if len(j.wipes) == 0 || len(j.runs) > 0 || j.newSize != j.oldSize {
		return false
	}
	for i := range j.sectors {
		switch s := &j.sectors[i]; {
		case s.kind == kindFill && len(s.digests) > digestSize: // it may end as it began
		case s.kind != kindUndo || s.distinguishes():
			return false
		}
	}
	return true
}

// lookAtRun takes a run into account.
func (s *survey) lookAtRun(j *journal, r *run, f Reader) error {
	return r.eachSector(f, j.oldSize, func(off int64, now, sum []byte) error {
		if s.fillMissing < 0 && !holds(now, sum) {
			s.fillMissing = off
		}
		return nil
	})
}

// distinguishes reports whether a sector's last state differs from the one before the change, which is zeros behind the old end.
func (s *sector) distinguishes() bool {
	before := s.old
	if s.kind == kindAdded {
		before = make([]byte, s.n)
	}
	sum := digest(before)
	return !bytes.Equal(sum[:], s.last())
}

// present returns what the file holds of a sector, secret bytes as zeros, and whether the file is long enough for it.
func (j *journal) present(s *sector, f Reader) (now []byte, there bool, err error) {
	now = make([]byte, s.n)
	err = readFull(f, now, s.off)
	if s.off >= j.oldSize && errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, comparing(err)
	}
	for _, w := range j.secretIn(s) {
		clear(now[w.off:w.end()])
	}
	return now, true, nil
}

func comparing(err error) error {
	return fmt.Errorf("comparing with the journal of an interrupted edit: %w", err)
}

// rollBack brings the file to its old state: first what groups have changed, then its end, at last the fills. As long as
// fills are there the change may still count as complete (where the groups' sectors end as they began); with the old end
// or an old sector it does not.
func (j *journal) rollBack(f File) error {
	if err := j.undoGroups(f); err != nil {
		return err
	}
	if err := j.cut(f); err != nil {
		return err
	}
	for i := range j.sectors {
		if err := j.takeBackFill(f, &j.sectors[i]); err != nil {
			return err
		}
	}
	for i := range j.runs {
		if err := j.runs[i].takeBack(f, j.oldSize); err != nil {
			return err
		}
	}
	return f.Sync()
}

// undoGroups puts the old bytes back. It also writes sectors that read as old: after a failed flush the cache may show
// what the disk does not hold. There a failure does not count: a full disk refuses to write into a hole of a sparse file.
func (j *journal) undoGroups(f File) error {
	for i := range j.sectors {
		if s := &j.sectors[i]; s.kind == kindUndo {
			if err := j.restore(f, s); err != nil {
				return err
			}
		}
	}
	return f.Sync()
}

// restore writes the old bytes of a sector, and where it is secret what is there: those old bytes are still in place.
// It is one write, so that the sector is never half old.
func (j *journal) restore(f File, s *sector) error {
	now, then := make([]byte, s.n), bytes.Clone(s.old)
	defer func() { clear(now); clear(then) }()
	if err := readFull(f, now, s.off); err != nil {
		return err
	}
	for _, w := range j.secretIn(s) {
		copy(then[w.off:w.end()], now[w.off:w.end()])
	}
	if _, err := f.WriteAt(then, s.off); err != nil && !bytes.Equal(now, then) {
		return err
	}
	return nil
}

// takeBackFill zeroes a sector of a fill, which may hold a secret, where it is still ours, and restores one that a fill
// has touched in part.
func (j *journal) takeBackFill(f File, s *sector) error {
	switch {
	case s.kind == kindEdge:
		return j.restore(f, s)
	case s.kind != kindFill || s.off >= j.oldSize:
		return nil
	}
	now, _, err := j.present(s, f)
	if err != nil {
		return err
	}
	sum := digest(now)
	clear(now)
	if !s.given(sum) {
		return nil
	}
	return zero(f, span{s.off, int64(s.n)})
}

// cut gives the file its old size, and makes it durable.
func (j *journal) cut(f File) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	if size == j.oldSize {
		return nil
	}
	if err := f.Truncate(j.oldSize); err != nil {
		return err
	}
	return f.Sync()
}

// complete makes what is there durable, then carries out the wipes.
func (j *journal) complete(f File) error {
	for i := range j.sectors {
		s := &j.sectors[i]
		now := make([]byte, s.n)
		if err := readFull(f, now, s.off); err != nil {
			return err
		}
		_, err := f.WriteAt(now, s.off)
		clear(now)
		if err != nil {
			return err
		}
	}
	for i := range j.runs {
		if err := j.runs[i].rewrite(f); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if len(j.wipes) == 0 {
		return nil
	}
	for _, w := range j.wipes {
		if err := zero(f, w); err != nil {
			return err
		}
	}
	return f.Sync()
}
