package regf

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// crashStates is how many states of the disk TestCrash looks at; OFFLINEJOIN_CRASH_STATES asks for more (`make crash`).
func crashStates(t testing.TB) int {
	t.Helper()
	text := os.Getenv("OFFLINEJOIN_CRASH_STATES")
	if text == "" {
		return 400
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// event is one operation on a file, as a tracedFile has seen it.
type event struct {
	file   FileID
	sync   bool
	offset int64
	data   []byte
}

// tracedFile records what is done to a file.
type tracedFile struct {
	*MemFile
	id    FileID
	trace *[]event
}

func (f *tracedFile) WriteAt(p []byte, off int64) (int, error) {
	*f.trace = append(*f.trace, event{file: f.id, offset: off, data: bytes.Clone(p)})
	return f.MemFile.WriteAt(p, off)
}

func (f *tracedFile) Sync() error {
	*f.trace = append(*f.trace, event{file: f.id, sync: true})
	return nil
}

// disk is the content of a hive's three files; nil when absent.
type disk [3][]byte

func (d disk) files() Files {
	var f [3]File
	for i, b := range d {
		if b != nil {
			f[i] = NewMemFile(bytes.Clone(b))
		}
	}
	return Files{Primary: f[0], Log1: f[1], Log2: f[2]}
}

func diskOf(f Files) (d disk) {
	for i, file := range []File{f.Primary, f.Log1, f.Log2} {
		if file != nil {
			d[i] = file.(*MemFile).Bytes()
		}
	}
	return d
}

// traced returns the files of a disk with all their operations recorded.
func (d disk) traced(trace *[]event) Files {
	var f [3]File
	for i, b := range d {
		if b != nil {
			f[i] = &tracedFile{NewMemFile(bytes.Clone(b)), FileID(i), trace}
		}
	}
	return Files{Primary: f[0], Log1: f[1], Log2: f[2], CreateLog: func() (File, error) {
		return &tracedFile{NewMemFile(nil), FileLog1, trace}, nil
	}}
}

// crash returns what a disk may hold when the power fails while event number at is under way: what was synced is there; of
// every sector written since, any version may be, and one sector may be torn.
func (d disk) crash(events []event, at int, r *rand.Rand) disk {
	var pending [3][]event
	for i, b := range d {
		d[i] = bytes.Clone(b)
	}
	for i, e := range events[:at+1] {
		switch {
		case !e.sync:
			pending[e.file] = append(pending[e.file], e)
		case i < at: // a sync that is under way promises nothing yet
			for _, w := range pending[e.file] {
				d[e.file] = overwrite(d[e.file], w.offset, w.data)
			}
			pending[e.file] = nil
		}
	}
	taste := r.IntN(4) // whole epochs are as likely as mixtures
	for i, writes := range pending {
		for _, w := range writes {
			d[i] = land(d[i], w, taste, r)
		}
	}
	return d
}

// land lets some of the sectors of a write reach the disk.
func land(b []byte, w event, taste int, r *rand.Rand) []byte {
	torn := -1
	if r.IntN(3) == 0 {
		torn = r.IntN(len(w.data)/sectorSize + 1)
	}
	for n, pos := 0, 0; pos < len(w.data); n++ {
		end := min(len(w.data), pos+sectorSize-int((w.offset+int64(pos))%sectorSize))
		part := w.data[pos:end]
		if n == torn {
			part = part[:r.IntN(len(part)+1)]
		}
		lands := taste == 1 || taste > 1 && r.IntN(2) == 0
		if (lands || n == torn) && len(part) > 0 {
			b = overwrite(b, w.offset+int64(pos), part)
		}
		pos = end
	}
	return b
}

func overwrite(b []byte, off int64, data []byte) []byte {
	if end := int(off) + len(data); end > len(b) {
		b = append(b, make([]byte, end-len(b))...)
	}
	copy(b[off:], data)
	return b
}

// crashCase is one start and one change.
type crashCase struct {
	name   string
	disk   disk
	change func(t fataler, h *Hive)
	commit CommitOptions
}

// TestCrash cuts the power at any point of a commit. Whatever the disk then holds must open as the old or as the new hive,
// as the new one once the log is on the disk, and must take another change.
func TestCrash(t *testing.T) {
	t.Parallel()
	cases := append(syntheticCrashes(t), corpusCrashes(t)...)
	each := crashStates(t)/len(cases) + 1
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, each, rand.New(rand.NewPCG(uint64(i), 20)))
		})
	}
}

func (c crashCase) run(t *testing.T, states int, r *rand.Rand) {
	var events []event
	f := c.disk.traced(&events)
	h, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	h.Now = func() time.Time { return time.Unix(1e9, 0) }
	before := dumpText(t, h)
	c.change(t, h)
	after := dumpText(t, h)
	if before == after {
		t.Fatal("the change changes nothing: this test proves nothing")
	}
	plan, err := h.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(c.commit); err != nil {
		t.Fatal(err)
	}
	durable := findPlan(t, events, plan) + plan.Durable
	seen := map[string]int{}
	for range states {
		at := r.IntN(len(events))
		what := c.check(t, c.disk.crash(events, at, r), before, after, at >= durable, r)
		if what == "" {
			t.Fatalf("the power failed in operation %d of %d (durable from %d)", at, len(events), durable)
		}
		seen[what]++
	}
	t.Logf("%d states: %v", states, seen)
	if states > 50 && (seen["old"] == 0 || seen["new"] == 0) {
		t.Error("only one of the two outcomes was seen: this test proves nothing")
	}
}

// findPlan returns where in the trace the operations of the plan begin; they must be there exactly and in order.
func findPlan(t *testing.T, events []event, plan *CommitPlan) int {
	t.Helper()
	for start := range events {
		if len(events)-start < len(plan.Ops) {
			break
		}
		if slices.EqualFunc(events[start:start+len(plan.Ops)], plan.Ops, func(e event, op Op) bool {
			return e.file == op.File && e.sync == op.Barrier && e.offset == op.Offset && bytes.Equal(e.data, op.Data)
		}) {
			return start
		}
	}
	t.Fatal("the commit has not carried out its plan")
	return 0
}

// check opens a disk and tells whether it holds the old or the new hive; "" after a failure.
func (c crashCase) check(t *testing.T, d disk, before, after string, mustBeNew bool, r *rand.Rand) string {
	t.Helper()
	f := d.files()
	h, err := Open(f)
	if err != nil {
		t.Error(err)
		return ""
	}
	if p := damage(h); len(p) > 0 {
		t.Error("check: ", p)
		return ""
	}
	what := ""
	switch got := dumpText(t, h); {
	case got == after:
		what = "new"
	case got == before && !mustBeNew:
		what = "old"
	default:
		t.Errorf("neither the old nor the new hive (it must be new: %v)", mustBeNew)
		return ""
	}
	if r.IntN(4) == 0 && !again(t, f, h) {
		return ""
	}
	return what
}

// again changes a hive that was found after a crash once more.
func again(t *testing.T, f Files, h *Hive) bool {
	t.Helper()
	if f.Log1 == nil {
		f.Log1 = NewMemFile(nil)
		h.files.Log1 = f.Log1
	}
	k, _, err := h.CreateKey(`After\The crash`, nil)
	if err == nil {
		err = k.SetValue("n", Binary, bytes.Repeat([]byte("again"), 700))
	}
	if err != nil {
		t.Error(err)
		return false
	}
	want := dumpText(t, h)
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Error(err)
		return false
	}
	h, err = Open(f)
	if err != nil {
		t.Error(err)
		return false
	}
	if p := damage(h); len(p) > 0 || dumpText(t, h) != want || h.Recovery().Dirty {
		t.Errorf("after another change: %v", p)
		return false
	}
	return true
}

// growing needs new bins beyond the end of the file; shrinking frees and reuses.
func growing(t fataler, h *Hive) {
	stageLike(t, h)
	k, _, err := h.CreateKey(`Setup\OfflineJoin`, nil)
	if err == nil {
		err = k.SetValue("Big", Binary, bytes.Repeat([]byte("0123456789"), 3500))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func shrinking(t fataler, h *Hive) {
	if err := h.DeleteKey("Setup"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.CreateKey("Other", testDescriptor); err != nil {
		t.Fatal(err)
	}
}

// syntheticHive is a small hive with one commit behind it, whose header has the given sequence number.
func syntheticHive(t testing.TB, minor, seq uint32) disk {
	t.Helper()
	f := newTestHive(t, minor)
	setSequence(t, f.Primary, seq-1, seq-1)
	h := reopen(t, f)
	stageLike(t, h)
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	return diskOf(f)
}

func setSequence(t testing.TB, f File, first, second uint32) {
	t.Helper()
	var head header
	if _, err := f.ReadAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
	head = head.sealed(typePrimary, first, second, head.dataSize())
	if _, err := f.WriteAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
}

// dirtied commits a change to a disk, but stops after n operations of the plan.
func (d disk) dirtied(t testing.TB, n int, change func(t fataler, h *Hive)) disk {
	t.Helper()
	f := d.files()
	h := reopen(t, f)
	change(t, h)
	plan, err := h.Plan()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range plan.Ops[:plan.Durable+n] {
		if op.Barrier {
			continue
		}
		if _, err := h.file(op.File).WriteAt(op.Data, op.Offset); err != nil {
			t.Fatal(err)
		}
	}
	return diskOf(f)
}

func (d disk) badHeader() disk {
	d[FilePrimary] = bytes.Clone(d[FilePrimary])
	d[FilePrimary][baseChecksum] ^= 0x40
	return d
}

func (d disk) swappedLogs() disk { return disk{d[0], d[2], d[1]} }

func syntheticCrashes(t testing.TB) []crashCase {
	t.Helper()
	clean := syntheticHive(t, 5, 40)
	noLogs := disk{clean[0], nil, nil}
	oneDirty := clean.dirtied(t, 1, growing)
	pagesToo := clean.dirtied(t, 3, growing)
	cleared := func(d disk) disk { // as hivex leaves a dirty hive: marked clean, its log forgotten
		f := d.files()
		setSequence(t, f.Primary, 42, 42)
		return diskOf(f)
	}
	orphaned := clean.dirtied(t, 1, growing)
	orphaned = cleared(disk{clean[0], nil, appendEntries(t, orphaned, 3)[1]})
	wrap := func(seq uint32) disk { return syntheticHive(t, 3, seq) }
	two := twoLogs(t)
	oldFiles := newTestHive(t, 5)
	oldFiles.OldLogs = true
	h := reopen(t, oldFiles)
	stageLike(t, h)
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	old := diskOf(oldFiles)
	return []crashCase{
		{"A", clean, shrinking, CommitOptions{}},
		{"A grows", clean, growing, CommitOptions{}},
		{"A without logs", noLogs, growing, CommitOptions{}},
		{"A forgets", clean, growing, CommitOptions{Forget: true}},
		{"A scrubs", clean, shrinking, CommitOptions{Scrub: true}},
		{"A heals orphans", orphaned, growing, CommitOptions{}},
		{"A wraps", wrap(0xFFFFFFFF), growing, CommitOptions{}},
		{"A wraps next", wrap(0xFFFFFFFE), growing, CommitOptions{}},
		{"A at zero", wrap(0), growing, CommitOptions{}},
		{"B", oneDirty, shrinking, CommitOptions{}},
		{"B over half-written pages", pagesToo, shrinking, CommitOptions{Scrub: true}},
		{"B in the second log", oneDirty.swappedLogs(), shrinking, CommitOptions{Forget: true}},
		{"B over two logs", two, growingMore, CommitOptions{}},
		{"B over two logs, forgets", two, growingMore, CommitOptions{Forget: true}},
		{"B wraps", wrap(0xFFFFFFFF).dirtied(t, 1, growing), shrinking, CommitOptions{}},
		{"B bad header", oneDirty.badHeader(), shrinking, CommitOptions{}},
		{"B bad header, second log", oneDirty.swappedLogs().badHeader(), shrinking, CommitOptions{Scrub: true}},
		{"old log", old, shrinking, CommitOptions{}},
		{"old log grows", old, growing, CommitOptions{Forget: true}},
		{"old log, dirty", old.dirtied(t, 1, growing), shrinking, CommitOptions{}},
		{"old log, dirty, pages", old.dirtied(t, 3, growing), growingMore, CommitOptions{Scrub: true}},
		{"A over an old log", disk{clean[0], old[1], clean[1]}, growing, CommitOptions{}},
		{"B beside an old log", disk{oneDirty[0], old[1], oneDirty[1]}, shrinking, CommitOptions{}},
		{"B bad header, pages", pagesToo.badHeader(), growingMore, CommitOptions{}},
	}
}

func growingMore(t fataler, h *Hive) {
	k, _, err := h.CreateKey(`More\And more`, testDescriptor)
	if err == nil {
		err = k.SetValue("Big", Binary, bytes.Repeat([]byte("9876543210"), 5000))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// appendEntries puts n more entries behind those of a dirty hive's log.
func appendEntries(t testing.TB, d disk, n int) disk {
	t.Helper()
	for i := range n {
		f := d.files()
		h := reopen(t, f)
		if _, _, err := h.CreateKey(fmt.Sprintf(`Pending\Entry %d`, i), nil); err != nil {
			t.Fatal(err)
		}
		plan, err := h.Plan()
		if err != nil {
			t.Fatal(err)
		}
		op := plan.Ops[0]
		if _, err := h.file(op.File).WriteAt(op.Data, op.Offset); err != nil {
			t.Fatal(err)
		}
		d = diskOf(f)
	}
	return d
}

// twoLogs is a dirty hive whose pending entries are in the second log and continue in the first.
func twoLogs(t testing.TB) disk {
	t.Helper()
	d := appendEntries(t, syntheticHive(t, 6, 40).dirtied(t, 1, growing), 2)
	h := reopen(t, d.files())
	if _, _, err := h.CreateKey("In the other log", testDescriptor); err != nil {
		t.Fatal(err)
	}
	seq := h.recovery.Last + 1
	head := h.base.sealed(typeLogHvLE, seq, seq, h.size)
	log := append(head[:], h.entry(seq, slices.Sorted(slices.Values(h.dirtied)), sectorSize)...)
	return disk{d[FilePrimary], log, d[FileLog1]}
}

// corpusCrashes are real dirty and clean hives, when the shared test data is there.
func corpusCrashes(t *testing.T) (cases []crashCase) {
	t.Run("corpus", func(t *testing.T) {
		dir, _ := corpus(t)
		for _, name := range []string{
			"win10-rathbunvm/SECURITY", "win10-rathbunvm/SAM", "win10-rathbunvm/DEFAULT", "win10-rathbunvm/BBI",
			"win10-rathbunvm/NetworkService/NTUSER.DAT", "user-hives/Amcache.hve", "user-hives/BCD", "edge/NTUSER_Good.DAT",
		} {
			d := diskOf(load(t, dir, name))
			cases = append(cases, crashCase{name, d, stageLike, CommitOptions{}})
			cases = append(cases, crashCase{name + " forgets", d, growing, CommitOptions{Forget: true, Scrub: len(name)%2 == 0}})
		}
	})
	return cases
}

// faultyFile fails one operation, after writing part of the data, and all later ones too when the fault stays.
type faultyFile struct {
	*MemFile
	fault *fault
}

type fault struct {
	countdown int // operations until the failure
	stays     bool
	short     bool // part of the data is written
	hit       bool
}

var errDisk = errors.New("the disk has failed")

func (f *fault) strikes() bool {
	if f.hit {
		return f.stays
	}
	f.countdown--
	f.hit = f.countdown < 0
	return f.hit
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if !f.fault.strikes() {
		return f.MemFile.WriteAt(p, off)
	}
	if !f.fault.short {
		return 0, errDisk
	}
	n, _ := f.MemFile.WriteAt(p[:len(p)/2], off)
	return n, errDisk
}

func (f *faultyFile) Sync() error {
	if f.fault.strikes() {
		return errDisk
	}
	return nil
}

func (f *faultyFile) Truncate(size int64) error {
	if f.fault.strikes() {
		return errDisk
	}
	return f.MemFile.Truncate(size)
}

// TestFailingDisk fails each operation of a commit in turn.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	for _, c := range syntheticCrashes(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range []fault{{}, {short: true}, {stays: true}, {short: true, stays: true}} {
				c.failEach(t, f)
			}
		})
	}
}

func (c crashCase) failEach(t *testing.T, kind fault) {
	for n := 0; ; n++ {
		f := kind
		f.countdown = n
		if !c.fail(t, &f) {
			if n < 6 {
				t.Errorf("only %d operations", n)
			}
			return
		}
		if t.Failed() {
			t.Fatalf("operation %d, %+v", n, kind)
		}
	}
}

// fail commits with a fault, and tells whether the fault has struck.
func (c crashCase) fail(t *testing.T, f *fault) bool {
	files := c.disk.files()
	wrap := func(m File) File {
		if m == nil {
			return nil
		}
		return &faultyFile{m.(*MemFile), f}
	}
	faulty := Files{Primary: wrap(files.Primary), Log1: wrap(files.Log1), Log2: wrap(files.Log2)}
	faulty.CreateLog = func() (File, error) {
		files.Log1 = NewMemFile(nil)
		return wrap(files.Log1), nil
	}
	h, err := Open(faulty)
	if err != nil {
		t.Fatal(err)
	}
	before := dumpText(t, h)
	c.change(t, h)
	after := dumpText(t, h)
	_, err = h.Commit(c.commit)
	if !f.hit {
		if err != nil {
			t.Error(err)
		}
		return false
	}
	failure, ok := errors.AsType[*CommitError](err)
	if !ok || !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
		return true
	}
	got := dumpText(t, reopen(t, files))
	switch {
	case failure.Durable:
		if got != after {
			t.Error("the change is said to be durable, but the hive opens without it")
		}
	case failure.Uncertain:
		if !f.stays || got != before && got != after {
			t.Error("neither the old nor the new hive, or no reason for doubt")
		}
	default:
		c.unchanged(t, diskOf(files))
		if got != before {
			t.Error("the hive is said to be as it was, but it is not")
		}
	}
	return true
}

// unchanged expects every file to be as it was, byte by byte; a log that was not there may be empty.
func (c crashCase) unchanged(t *testing.T, d disk) {
	t.Helper()
	for i := range d {
		if !bytes.Equal(d[i], c.disk[i]) {
			t.Errorf("the %s is not as it was", FileID(i))
		}
	}
}
