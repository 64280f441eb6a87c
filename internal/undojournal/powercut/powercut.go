// Package powercut simulates a computer for tests of what survives a failure: one image file, and a folder for its journal.
// The power can be cut in the middle of any operation, after which [Machine.Reboot] decides what of the unflushed writes
// the disk holds; or the disk can refuse an operation, once or from then on.
package powercut

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

const sectorSize = 512

// ErrPower is what every operation returns once the power has failed, and ErrDisk what a failing disk returns.
var (
	ErrPower = errors.New("the power has failed")
	ErrDisk  = errors.New("no space left on device")
)

// Machine is the computer. It is not safe for concurrent use.
type Machine struct {
	image   *medium
	journal *medium // nil: there is no such file
	names   []bool  // whether the journal's name is in the folder: durable, then after each operation not flushed yet
	locks   int     // handles of the journal that are open

	operations int // done so far
	failAt     int // the operation that fails; -1: none
	fault      error
	stays      bool // all later operations fail, too
	short      bool // a failing write writes half of it
	failed     bool

	written [][]byte // all that was written to journals
}

// New returns a machine with an image file of that content, and no journal.
func New(image []byte) *Machine {
	m := &Machine{failAt: -1, names: []bool{false}}
	return m.with(newPages(image))
}

// with returns the machine with an image file of that content.
func (m *Machine) with(p *pages) *Machine {
	m.image = &medium{m: m, cache: p, disk: p.clone()}
	return m
}

// Image returns the image file.
func (m *Machine) Image() undojournal.File { return m.image }

// Folder returns the folder of the journal, whose name does not matter: there is one at most.
func (m *Machine) Folder() undojournal.Folder { return folder{m} }

// Operations returns how many operations there were: writes, flushes, changes of a file's size, creations and removals.
func (m *Machine) Operations() int { return m.operations }

// CutAt cuts the power in the given operation, counted from the machine's first one, which is 0.
func (m *Machine) CutAt(operation int) { m.failAt, m.fault, m.stays = operation, ErrPower, true }

// FailAt lets the disk refuse the given operation, and all later ones where the fault stays. A refused write of several
// sectors may write half of them.
func (m *Machine) FailAt(operation int, stays, short bool) {
	m.failAt, m.fault, m.stays, m.short = operation, ErrDisk, stays, short
}

// Heal ends all failures that have not struck yet, and those of a disk that have.
func (m *Machine) Heal() { m.failAt = -1 }

// Failed reports whether a failure has struck.
func (m *Machine) Failed() bool { return m.failed }

// Content returns what programs see of the image file.
func (m *Machine) Content() []byte { return m.image.cache.bytes() }

// Durable returns what is on the disk of the image file.
func (m *Machine) Durable() []byte { return m.image.disk.bytes() }

// Overwrite changes the image file at once and durably, as somebody else would.
func (m *Machine) Overwrite(off int64, data []byte) {
	m.image.cache.writeAt(data, off)
	m.image.disk.writeAt(data, off)
}

// Journal returns the journal's content, and whether there is one.
func (m *Machine) Journal() (content []byte, there bool) {
	if !(folder{m}).there() {
		return nil, false
	}
	return m.journal.cache.bytes(), true
}

// PutJournal makes a journal of that content, durable.
func (m *Machine) PutJournal(content []byte) {
	m.names = []bool{true}
	p := newPages(content)
	m.journal = &medium{m: m, cache: p, disk: p.clone()}
}

// JournalWrites returns all that was ever written to journals.
func (m *Machine) JournalWrites() [][]byte { return m.written }

// medium is a file: what programs see, what is durable, and what was done since the last flush.
type medium struct {
	m       *Machine
	cache   *pages
	disk    *pages
	pending []operation
}

// operation is a write, or a truncation when data is nil.
type operation struct {
	off  int64
	data []byte
}

// step counts an operation and reports whether it works.
func (m *Machine) step() error {
	at := m.operations
	m.operations++
	if m.failAt < 0 || at < m.failAt || at > m.failAt && !m.stays {
		return nil
	}
	m.failed = true
	return m.fault
}

func (f *medium) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	return f.cache.readAt(p, off)
}

func (f *medium) WriteAt(p []byte, off int64) (int, error) {
	if f == f.m.journal {
		f.m.written = append(f.m.written, bytes.Clone(p))
	}
	err := f.m.step()
	n := len(p)
	switch {
	case errors.Is(err, ErrPower): // under way: any part of it may reach the disk
		f.pending = append(f.pending, operation{off, bytes.Clone(p)})
		return 0, err
	case err != nil && f.m.short:
		n = max(0, n/2-int((off+int64(n/2))%sectorSize)) // a sector is written whole or not at all
	case err != nil:
		return 0, err
	}
	f.do(operation{off, bytes.Clone(p[:n])})
	return n, err
}

func (f *medium) do(op operation) {
	op.apply(f.cache)
	f.pending = append(f.pending, op)
}

// apply carries the operation out.
func (op operation) apply(p *pages) {
	if op.data == nil {
		p.truncate(op.off)
		return
	}
	p.writeAt(op.data, op.off)
}

func (f *medium) Size() (int64, error) { return f.cache.size, nil }

func (f *medium) Truncate(size int64) error {
	if err := f.m.step(); err != nil {
		if errors.Is(err, ErrPower) {
			f.pending = append(f.pending, operation{off: size})
		}
		return err
	}
	f.do(operation{off: size})
	return nil
}

func (f *medium) Sync() error {
	if err := f.m.step(); err != nil {
		return err
	}
	for _, op := range f.pending {
		op.apply(f.disk)
	}
	f.pending = nil
	return nil
}

// folder is the machine's folder of journals.
type folder struct{ m *Machine }

func (d folder) there() bool { return d.m.names[len(d.m.names)-1] }

func (d folder) Create(name string) (undojournal.Handle, error) {
	if d.there() {
		return nil, fs.ErrExist
	}
	if err := d.m.step(); err != nil {
		return nil, err
	}
	d.m.journal = &medium{m: d.m, cache: newPages(nil), disk: newPages(nil)}
	d.m.names = append(d.m.names, true)
	return d.open(name)
}

func (d folder) Open(name string, _ bool) (undojournal.Handle, error) {
	if !d.there() {
		return nil, fs.ErrNotExist
	}
	return d.open(name)
}

func (d folder) open(name string) (undojournal.Handle, error) {
	if d.m.locks > 0 {
		return nil, &undojournal.Busy{Journal: name}
	}
	d.m.locks++
	return &simulated{d.m.journal, d}, nil
}

func (d folder) Sync() error {
	if err := d.m.step(); err != nil {
		return err
	}
	d.m.names = d.m.names[len(d.m.names)-1:]
	return nil
}

type simulated struct {
	*medium
	d folder
}

func (h *simulated) Remove() error {
	err := h.m.step()
	if err == nil || errors.Is(err, ErrPower) {
		h.m.names = append(h.m.names, false)
	}
	return err
}

func (h *simulated) Close() error {
	h.m.locks--
	return nil
}

// Reboot returns the machine after a power failure. Of the image, any unflushed sectors are there and no sector is torn; of
// the journal sectors may be torn, too.
func (m *Machine) Reboot(r *rand.Rand) *Machine {
	taste := r.IntN(4) // nothing, everything, or mixtures
	after := New(nil).with(m.image.crash(taste, false, r))
	after.names = []bool{m.names[r.IntN(len(m.names))]}
	if after.names[0] {
		p := m.journal.crash(r.IntN(4), true, r)
		after.journal = &medium{m: after, cache: p, disk: p.clone()}
	}
	return after
}

// crash returns what the disk may hold: what was flushed, and any sectors of what was not. Sectors of the image are never
// torn; those of a journal may be.
func (f *medium) crash(taste int, torn bool, r *rand.Rand) *pages {
	p := f.disk.clone()
	for _, op := range f.pending {
		lands := func() bool { return taste == 1 || taste > 1 && r.IntN(2) == 0 }
		if op.data == nil {
			if lands() {
				op.apply(p)
			}
			continue
		}
		for pos := 0; pos < len(op.data); {
			end := min(len(op.data), pos+sectorSize-int((op.off+int64(pos))%sectorSize))
			part := op.data[pos:end]
			if torn && r.IntN(20) == 0 {
				part = part[:r.IntN(len(part))+1]
			}
			if lands() {
				p.writeAt(part, op.off+int64(pos))
			}
			pos = end
		}
	}
	return p
}
