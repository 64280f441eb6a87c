package undojournal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
)

// errPower is what every operation returns once the power has failed, and errFull what a failing disk returns.
var (
	errPower = errors.New("the power has failed")
	errFull  = errors.New("no space left on device")
)

// machine is a computer with one image file and one folder for journals. Its operations fail at a chosen moment; after a
// power failure reboot decides what of the unflushed writes is on the disk.
type machine struct {
	image   *medium
	journal *medium // nil: there is no such file
	names   []bool  // whether the journal's name is in the folder: durable, then after each operation not flushed yet
	locks   int     // handles of the journal that are open

	operations int // done so far
	failAt     int // the operation that fails; -1: none
	fail       error
	stays      bool // all later operations fail, too
	short      bool // a failing write writes half of it
	failed     bool

	written [][]byte // all that was written to journals
}

// medium is a file: what programs see, what is durable, and what was done since the last flush.
type medium struct {
	m       *machine
	cache   []byte
	disk    []byte
	pending []operation
}

// operation is a write, or a truncation when data is nil.
type operation struct {
	off  int64
	data []byte
}

func newMachine(image []byte) *machine {
	m := &machine{failAt: -1, names: []bool{false}}
	m.image = &medium{m: m, cache: bytes.Clone(image), disk: bytes.Clone(image)}
	return m
}

// step counts an operation and reports whether it works.
func (m *machine) step() error {
	at := m.operations
	m.operations++
	if m.failAt < 0 || at < m.failAt || at > m.failAt && !m.stays {
		return nil
	}
	m.failed = true
	return m.fail
}

func (f *medium) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= int64(len(f.cache)) {
		return 0, io.EOF
	}
	n := copy(p, f.cache[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *medium) WriteAt(p []byte, off int64) (int, error) {
	if f == f.m.journal {
		f.m.written = append(f.m.written, bytes.Clone(p))
	}
	err := f.m.step()
	n := len(p)
	switch {
	case errors.Is(err, errPower): // under way: any part of it may reach the disk
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
	f.cache = op.apply(f.cache)
	f.pending = append(f.pending, op)
}

// apply returns b after the operation.
func (op operation) apply(b []byte) []byte {
	if op.data == nil {
		if op.off <= int64(len(b)) {
			return b[:op.off:op.off]
		}
		return append(b, make([]byte, op.off-int64(len(b)))...)
	}
	if end := op.off + int64(len(op.data)); end > int64(len(b)) {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[op.off:], op.data)
	return b
}

func (f *medium) Size() (int64, error) { return int64(len(f.cache)), nil }

func (f *medium) Truncate(size int64) error {
	if err := f.m.step(); err != nil {
		if errors.Is(err, errPower) {
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
	f.disk, f.pending = bytes.Clone(f.cache), nil
	return nil
}

// folder is the machine's folder of journals.
type folder struct{ m *machine }

func (d folder) there() bool { return d.m.names[len(d.m.names)-1] }

func (d folder) Create(name string) (Handle, error) {
	if d.there() {
		return nil, fs.ErrExist
	}
	if err := d.m.step(); err != nil {
		return nil, err
	}
	d.m.journal = &medium{m: d.m}
	d.m.names = append(d.m.names, true)
	return d.open(name)
}

func (d folder) Open(name string, _ bool) (Handle, error) {
	if !d.there() {
		return nil, fs.ErrNotExist
	}
	return d.open(name)
}

func (d folder) open(name string) (Handle, error) {
	if d.m.locks > 0 {
		return nil, &Busy{name}
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
	if err == nil || errors.Is(err, errPower) {
		h.m.names = append(h.m.names, false)
	}
	return err
}

func (h *simulated) Close() error {
	h.m.locks--
	return nil
}

// reboot returns the machine after a power failure.
func (m *machine) reboot(r *rand.Rand) *machine {
	taste := r.IntN(4) // nothing, everything, or mixtures
	after := newMachine(m.image.crash(taste, false, r))
	after.names = []bool{m.names[r.IntN(len(m.names))]}
	if after.names[0] {
		b := m.journal.crash(r.IntN(4), true, r)
		after.journal = &medium{m: after, cache: bytes.Clone(b), disk: b}
	}
	return after
}

// crash returns what the disk may hold: what was flushed, and any sectors of what was not. Sectors of the image are never
// torn; those of a journal may be.
func (f *medium) crash(taste int, torn bool, r *rand.Rand) []byte {
	b := bytes.Clone(f.disk)
	for _, op := range f.pending {
		lands := func() bool { return taste == 1 || taste > 1 && r.IntN(2) == 0 }
		if op.data == nil {
			if lands() {
				b = op.apply(b)
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
				b = operation{op.off + int64(pos), part}.apply(b)
			}
			pos = end
		}
	}
	return b
}

// The secrets of the tests: one that a wipe takes away, one that a fill or a group brings in.
const (
	oldSecret = "OLD-S3CR3T"
	newSecret = "NEW-S3CR3T"
)

// trial is a file and a change of it.
type trial struct {
	old    []byte
	change Change
	want   []byte // the new file
	fills  []bool // for each byte of old, whether a fill may leave it zero or old
}

// randomTrial returns a file of some KiB and a change with everything that can be in one.
func randomTrial(r *rand.Rand) trial {
	size := 20*sectorSize + r.IntN(20)*sectorSize
	if r.IntN(3) == 0 {
		size += r.IntN(sectorSize)
	}
	t := trial{old: make([]byte, size)}
	for i := range t.old {
		t.old[i] = byte(1 + r.IntN(255))
	}
	grown := size
	if r.IntN(2) == 0 {
		grown += 1 + r.IntN(6*sectorSize)
	}
	t.change.Size = int64(grown)
	third := size / 3 / sectorSize * sectorSize
	for range r.IntN(3) { // fills lie in the first third, or behind the old end
		t.change.Fills = append(t.change.Fills, Piece{Off: int64(r.IntN(third / 2)), Data: secretText(1+r.IntN(third/2), r)})
	}
	if grown > size {
		n := 1 + r.IntN(grown-size)
		t.change.Fills = append(t.change.Fills, Piece{Off: int64(grown - n), Data: secretText(n, r)})
	}
	t.addWipes(third, r)
	t.addGroups(third, grown, r)
	t.finish()
	return t
}

// addWipes puts secrets into the last third of the file, and wipes them in the last group.
func (t *trial) addWipes(third int, r *rand.Rand) {
	t.change.Groups = make([][]Piece, 1+r.IntN(4))
	if r.IntN(2) == 0 {
		return
	}
	last := len(t.change.Groups) - 1
	for range 1 + r.IntN(3) {
		n := 1 + r.IntN(third/2)
		off := 2*third + r.IntN(third-n)
		copy(t.old[off:off+n], bytes.Repeat([]byte(oldSecret), n/len(oldSecret)+1))
		t.change.Groups[last] = append(t.change.Groups[last], Piece{Off: int64(off), Data: make([]byte, n), Wipe: true})
	}
}

// addGroups puts pieces into all groups, also over the wiped ranges, before what is there.
func (t *trial) addGroups(third, grown int, r *rand.Rand) {
	for i := range t.change.Groups {
		var pieces []Piece
		for range r.IntN(4) {
			from := r.IntN(grown - third)
			n := 1 + r.IntN(min(3*sectorSize, grown-third-from))
			pieces = append(pieces, Piece{Off: int64(third + from), Data: secretText(n, r)})
		}
		if r.IntN(4) == 0 { // what changes and changes back
			off := third + r.IntN(third/2)
			pieces = append(pieces, Piece{Off: int64(off), Data: bytes.Clone(t.old[off : off+third/2])})
		}
		t.change.Groups[i] = append(pieces, t.change.Groups[i]...)
	}
}

func secretText(n int, r *rand.Rand) []byte {
	b := bytes.Repeat(fmt.Appendf(nil, "%s %x ", newSecret, r.Uint32()), n/12+1)
	return b[:n]
}

// finish works out the new file, by another way than the package does.
func (t *trial) finish() {
	t.want = append(bytes.Clone(t.old), make([]byte, int(t.change.Size)-len(t.old))...)
	t.fills = make([]bool, len(t.old))
	for _, p := range t.change.Fills {
		copy(t.want[p.Off:], p.Data)
		for i := p.Off; i < min(p.Off+int64(len(p.Data)), int64(len(t.old))); i++ {
			t.fills[i] = true
		}
	}
	for _, wipes := range []bool{false, true} {
		for _, g := range t.change.Groups {
			for _, p := range g {
				if p.Wipe == wipes {
					copy(t.want[p.Off:], p.Data)
				}
			}
		}
	}
}

// isOld reports whether got is the old file: where there was a fill, a byte may be zero instead.
func (t *trial) isOld(got []byte) bool {
	if len(got) != len(t.old) {
		return false
	}
	for i := range got {
		if got[i] != t.old[i] && (!t.fills[i] || got[i] != 0) {
			return false
		}
	}
	return true
}

func (t *trial) isNew(got []byte) bool { return bytes.Equal(got, t.want) }
