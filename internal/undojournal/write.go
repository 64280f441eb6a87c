package undojournal

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
)

// Write carries out a change of f, with a journal of the given name in the folder. The identity is any bytes that identify
// f among others, such as a device's serial number, at most 4096; none when the journal lies beside its file.
//
// The caller holds whatever lock keeps others from f. Before Write it calls [Recover]; a journal that is there all the
// same is a *[Pending], or a *[Busy] while somebody uses it. An error that is not a *[WriteError] comes before the first
// byte was written. After a failure Write undoes what it did, or, once a wipe has begun, tries to complete it; the
// WriteError has how that ended.
func Write(f File, folder Folder, name string, c Change, identity []byte) (Cost, error) {
	p, err := makePlan(f, c, identity)
	if err != nil {
		return Cost{}, err
	}
	defer p.forget()
	if len(p.sectors) == 0 && len(p.runs) == 0 && len(p.wipes) == 0 && p.newSize == p.oldSize {
		return Cost{}, nil
	}
	raw, err := p.encode()
	if err != nil {
		return Cost{}, err
	}
	defer clear(raw)
	h, err := create(folder, name)
	if err != nil {
		return Cost{}, err
	}
	w := &writer{plan: p, file: f, folder: folder, name: name, handle: h}
	err = w.carryOut(raw)
	if closeErr := h.Close(); err == nil && closeErr != nil {
		err = &WriteError{Changed, closeErr}
	}
	return w.cost, err
}

// create makes the journal, and distinguishes a journal in use from one that was left.
func create(folder Folder, name string) (Handle, error) {
	h, err := folder.Create(name)
	if !errors.Is(err, fs.ErrExist) {
		return h, err
	}
	old, err := folder.Open(name, false)
	if busy, ok := errors.AsType[*Busy](err); ok {
		return nil, busy
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Busy{Journal: name} // it went this very moment
	}
	if err == nil {
		err = old.Close()
	}
	return nil, errors.Join(&Pending{Journal: name}, err)
}

// writer carries out one plan.
type writer struct {
	*plan
	file   File
	folder Folder
	name   string
	handle Handle
	cost   Cost
	run    []byte // what is written at once; kept to be used again
}

func (w *writer) carryOut(raw []byte) error {
	if err := w.begin(raw); err != nil {
		return w.unchanged(err)
	}
	err := w.change()
	if err != nil {
		err = w.undo(err)
	} else {
		err = w.wipeAll()
	}
	if err != nil {
		return err
	}
	if err := w.discard(); err != nil {
		return &WriteError{Changed, err}
	}
	return nil
}

// begin makes the journal durable.
func (w *writer) begin(raw []byte) error {
	if err := w.write(w.handle, raw, 0); err != nil {
		return err
	}
	if err := w.sync(w.handle); err != nil {
		return err
	}
	return w.sync(w.folder)
}

// change writes the fills and the groups.
func (w *writer) change() error {
	if w.newSize != w.oldSize {
		if err := w.file.Truncate(w.newSize); err != nil {
			return err
		}
	}
	for group := fillGroup; group < w.groups; group++ {
		wrote, err := w.writeGroup(group)
		if err != nil {
			return err
		}
		if wrote || group == fillGroup && w.newSize != w.oldSize {
			if err := w.sync(w.file); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeGroup writes what one group changes, neighbouring sectors together.
func (w *writer) writeGroup(group int) (wrote bool, err error) {
	run := slices.Grow(w.run[:0], min(w.volume(group), readStep+sectorSize))
	var at int64
	flush := func() error {
		defer func() { clear(run); run = run[:0] }()
		if len(run) == 0 {
			return nil
		}
		wrote = true
		return w.write(w.file, run, at)
	}
	for _, c := range w.order {
		for _, v := range c.versions {
			if v.group != group {
				continue
			}
			if at+int64(len(run)) != c.off || len(run) >= readStep {
				if err := flush(); err != nil {
					return wrote, err
				}
				at = c.off
			}
			run = append(run, v.data...)
		}
	}
	err = flush()
	w.run = run
	for _, b := range w.bulks {
		if err == nil && b.group == group {
			wrote, err = true, w.write(w.file, b.data, b.off)
		}
	}
	return wrote, err
}

// volume returns how many bytes a group writes.
func (w *writer) volume(group int) (n int) {
	for _, c := range w.order {
		for _, v := range c.versions {
			if v.group == group {
				n += len(v.data)
			}
		}
	}
	return n
}

// undo rolls back what change has done before it failed with cause.
func (w *writer) undo(cause error) error {
	if err := w.rollBackAll(); err != nil {
		return &WriteError{Uncertain, errors.Join(cause, err)}
	}
	return w.unchanged(cause)
}

// unchanged takes the journal away when the file is the old one. A journal that stays and makes it the new one, since all
// that is left to do is wipes, makes the outcome uncertain.
func (w *writer) unchanged(cause error) error {
	err := w.discard()
	if err != nil && w.completesOld() {
		return &WriteError{Uncertain, errors.Join(cause, err)}
	}
	return &WriteError{Unchanged, errors.Join(cause, err)}
}

// rollBackAll is rollBack for a change whose fills' old bytes are still in memory.
func (w *writer) rollBackAll() error {
	if err := w.undoGroups(w.file); err != nil {
		return err
	}
	if err := w.cut(w.file); err != nil {
		return err
	}
	if err := w.restoreBulks(w.file); err != nil {
		return err
	}
	now := make([]byte, sectorSize)
	for _, c := range w.order {
		if c.kind != kindFill && c.kind != kindEdge || c.off >= w.oldSize {
			continue
		}
		if err := readFull(w.file, now[:c.n], c.off); err != nil {
			return err
		}
		if bytes.Equal(now[:c.n], c.before) {
			continue
		}
		if _, err := w.file.WriteAt(c.before, c.off); err != nil {
			return err
		}
	}
	return w.file.Sync()
}

// wipeAll carries out the wipes, with a second try after a failure: there is no way back.
func (w *writer) wipeAll() error {
	if len(w.wipes) == 0 {
		return nil
	}
	err := w.wipeOnce()
	if err == nil {
		return nil
	}
	if again := w.wipeOnce(); again != nil {
		return &WriteError{Uncertain, errors.Join(err, again)}
	}
	return nil
}

func (w *writer) wipeOnce() error {
	for _, s := range w.wipes {
		if err := zero(w.file, s); err != nil {
			return err
		}
		w.cost.Bytes += s.n
	}
	return w.sync(w.file)
}

// discard removes the journal.
func (w *writer) discard() error {
	size, err := w.handle.Size()
	if err != nil {
		return err
	}
	w.cost.Bytes += size
	w.cost.Syncs += 2
	return discard(w.handle, w.folder)
}

func (w *writer) write(f File, b []byte, off int64) error {
	n, err := f.WriteAt(b, off)
	w.cost.Bytes += int64(n)
	return err
}

func (w *writer) sync(f interface{ Sync() error }) error {
	w.cost.Syncs++
	return f.Sync()
}

// discard overwrites a journal with zeros, so that the old bytes in it are gone, and takes it away. When that breaks off
// the journal is whole, and means what it meant, or is not, and means nothing.
func discard(h Handle, folder Folder) error {
	size, err := h.Size()
	if err != nil {
		return err
	}
	if err := zero(h, span{0, size}); err != nil {
		return err
	}
	if err := h.Sync(); err != nil {
		return err
	}
	if err := h.Remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return folder.Sync()
}

// zero writes zeros.
func zero(f File, s span) error {
	if s.n == 0 {
		return nil
	}
	zeros := make([]byte, min(s.n, readStep))
	for s.n > 0 {
		part := zeros[:min(s.n, readStep)]
		if _, err := f.WriteAt(part, s.off); err != nil {
			return err
		}
		s.off += int64(len(part))
		s.n -= int64(len(part))
	}
	return nil
}
