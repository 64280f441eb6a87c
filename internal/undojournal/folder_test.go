package undojournal_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

// osFile is a File of the operating system.
type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// onDisk returns a file with the content, and the folder it is in.
func onDisk(t testing.TB, content []byte) (osFile, *undojournal.OSFolder, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "image.raw"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "image.raw"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := undojournal.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(f.Close(), d.Close()); err != nil {
			t.Error(err)
		}
	})
	return osFile{f}, d, dir
}

func TestWriteOnDisk(t *testing.T) {
	t.Parallel()
	c := randomTrial(rand.New(rand.NewPCG(1, 2)))
	f, d, dir := onDisk(t, c.old)
	cost, err := undojournal.Write(f, d, journalName, c.change, []byte("this file"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(f.Name())
	if err != nil || !c.isNew(got) {
		t.Fatalf("not the new file (%v)", err)
	}
	if cost.Bytes == 0 || cost.Syncs < 4 {
		t.Errorf("cost %+v", cost)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("in the folder: %v (%v)", entries, err)
	}
	if outcome, err := undojournal.Recover(f, d, journalName, nil); outcome != undojournal.Clean || err != nil {
		t.Errorf("recovery found %q (%v)", outcome, err)
	}
}

func TestWriteNothing(t *testing.T) {
	t.Parallel()
	old := bytes.Repeat([]byte{7}, 3000)
	m := powercut.New(old)
	same := undojournal.Change{Groups: [][]undojournal.Piece{{{Off: 100, Data: bytes.Repeat([]byte{7}, 900)}}}, Size: 3000}
	if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, same, nil); err != nil || m.Operations() != 0 {
		t.Errorf("%d operations (%v)", m.Operations(), err)
	}
}

// interrupt returns a journal of a change that broke off, and the file as it was then.
func interrupt(t *testing.T, c trial, at int, identity []byte) (image, kept []byte) {
	t.Helper()
	m := powercut.New(c.old)
	m.CutAt(at)
	if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, c.change, identity); err == nil {
		t.Fatal("not interrupted")
	}
	return m.Content(), journalOf(m)
}

// plainTrial changes a few sectors in two groups, grows the file and wipes.
func plainTrial() trial {
	old := bytes.Repeat([]byte{'o'}, 10*sectorSize)
	copy(old[9*sectorSize:], oldSecret)
	t := trial{old: old, change: undojournal.Change{
		Fills: []undojournal.Piece{{Off: 2 * sectorSize, Data: bytes.Repeat([]byte(newSecret), 100)[:sectorSize]}},
		Groups: [][]undojournal.Piece{
			{{Off: 700, Data: []byte("first")}, {Off: 10 * sectorSize, Data: []byte("behind the end")}},
			{{Off: 3000, Data: []byte("second")}},
			{{Off: 9 * sectorSize, Data: make([]byte, len(oldSecret)), Wipe: true}},
		},
		Size: 12 * sectorSize,
	}}
	t.finish()
	return t
}

func TestJournalOnDisk(t *testing.T) {
	t.Parallel()
	c := plainTrial()
	image, kept := interrupt(t, c, 8, []byte("disk 1"))
	f, d, dir := onDisk(t, image)
	path := filepath.Join(dir, journalName)
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := undojournal.Recover(f, d, journalName, []byte("disk 2")); !isForeign(err) {
		t.Errorf("another file's journal: %v", err)
	}
	if _, err := undojournal.Write(f, d, journalName, c.change, nil); !is[*undojournal.Pending](err) {
		t.Errorf("over a journal: %v", err)
	}
	h, err := d.Open(journalName, true)
	if err != nil {
		t.Fatal(err)
	}
	for what, use := range map[string]func() error{
		"write":   func() error { _, err := undojournal.Write(f, d, journalName, c.change, nil); return err },
		"recover": func() error { _, err := undojournal.Recover(f, d, journalName, nil); return err },
		"view":    func() error { _, err := undojournal.View(f, d, journalName, nil); return err },
	} {
		if err := use(); !is[*undojournal.Busy](err) {
			t.Errorf("%s beside another user: %v", what, err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	outcome, err := undojournal.Recover(f, d, journalName, []byte("disk 1"))
	if outcome != undojournal.RolledBack || err != nil {
		t.Fatalf("recovery: %v, %v", outcome, err)
	}
	got, err := os.ReadFile(f.Name())
	if err != nil || !c.isOld(got) {
		t.Errorf("not the old file (%v)", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is still there (%v)", err)
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// TestJournalInUse looks at a journal while a change is under way: its mode, and that it cannot be removed meanwhile.
func TestJournalInUse(t *testing.T) {
	t.Parallel()
	c := plainTrial()
	f, d, dir := onDisk(t, c.old)
	looked := false
	watched := &watchedFile{File: f, before: func() {
		if looked {
			return
		}
		looked = true
		info, err := os.Lstat(filepath.Join(dir, journalName))
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("the journal: %v (%v)", info, err)
		}
		if _, err := undojournal.Recover(f, d, journalName, nil); !is[*undojournal.Busy](err) {
			t.Errorf("recovery under way: %v", err)
		}
		if _, err := undojournal.Write(f, d, journalName, c.change, nil); !is[*undojournal.Busy](err) {
			t.Errorf("two changes at once: %v", err)
		}
	}}
	if _, err := undojournal.Write(watched, d, journalName, c.change, nil); err != nil || !looked {
		t.Fatalf("error %v, looked %v", err, looked)
	}
}

type watchedFile struct {
	undojournal.File
	before func()
}

func (f *watchedFile) WriteAt(p []byte, off int64) (int, error) {
	f.before()
	return f.File.WriteAt(p, off)
}

// TestGarbageJournal: what is not a whole journal goes. It is overwritten only if it begins as one.
func TestGarbageJournal(t *testing.T) {
	t.Parallel()
	c := plainTrial()
	_, kept := interrupt(t, c, 8, nil)
	flipped := bytes.Clone(kept)
	flipped[len(flipped)/2] ^= 1
	for name, tt := range map[string]struct {
		content []byte
		zeroed  bool
	}{
		"empty":     {nil, false},
		"zeros":     {make([]byte, 5000), false},
		"text":      {bytes.Repeat([]byte("my notes "), 900), false},
		"cut off":   {kept[:len(kept)-1], true},
		"magic":     {kept[:len(undojournal.Magic)], true},
		"flipped":   {flipped, true},
		"too large": {make([]byte, undojournal.MaxJournal+1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, d, dir := onDisk(t, c.old)
			path := filepath.Join(dir, journalName)
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(dir, "another name")
			if err := os.Link(path, other); err != nil {
				t.Skip("skipped: no hard links here: ", err)
			}
			v, err := undojournal.View(f, d, journalName, nil)
			if err != nil || v.Outcome() != undojournal.NeverStarted {
				t.Fatalf("a reader: %v", err)
			}
			if outcome, err := undojournal.Recover(f, d, journalName, nil); outcome != undojournal.NeverStarted || err != nil {
				t.Fatalf("recovery: %v, %v", outcome, err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the journal is still there (%v)", err)
			}
			left, err := os.ReadFile(other)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.content
			if tt.zeroed {
				want = make([]byte, len(want))
			}
			if !bytes.Equal(left, want) {
				t.Error("the content of the journal")
			}
		})
	}
}

// TestJournalOfAnotherVersion: the journal of an older or a newer build is refused by readers and writers, with the way out. It
// stays, and nothing is changed.
func TestJournalOfAnotherVersion(t *testing.T) {
	t.Parallel()
	c := plainTrial()
	_, kept := interrupt(t, c, 8, nil)
	for _, version := range []byte{2, 4} {
		kept[8] = version
		other := undojournal.Seal(kept)
		f, d, dir := onDisk(t, c.old)
		path := filepath.Join(dir, journalName)
		if err := os.WriteFile(path, other, 0o600); err != nil {
			t.Fatal(err)
		}
		_, viewed := undojournal.View(f, d, journalName, nil)
		_, recovered := undojournal.Recover(f, d, journalName, nil)
		for _, err := range []error{viewed, recovered} {
			if !errors.Is(err, undojournal.ErrJournal) || !strings.Contains(err.Error(), "run the command with the build that made the edit") {
				t.Errorf("version %d: %v", version, err)
			}
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, other) {
			t.Errorf("version %d: the journal changed (%v)", version, err)
		}
		if now, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(now, c.old) {
			t.Errorf("version %d: the file changed (%v)", version, err)
		}
	}
}

func TestJournalIsALink(t *testing.T) {
	t.Parallel()
	f, d, dir := onDisk(t, []byte("content"))
	if err := os.Symlink("image.raw", filepath.Join(dir, journalName)); err != nil {
		t.Skip("skipped: no symbolic links here: ", err)
	}
	if _, err := undojournal.Recover(f, d, journalName, nil); !errors.Is(err, undojournal.ErrJournal) {
		t.Errorf("recovery through a link: %v", err)
	}
	c := undojournal.Change{Groups: [][]undojournal.Piece{{{Off: 0, Data: []byte("new")}}}, Size: 7}
	if _, err := undojournal.Write(f, d, journalName, c, nil); err == nil {
		t.Error("a change over a link")
	}
}

func TestViewReadsLikeAFile(t *testing.T) {
	t.Parallel()
	c := plainTrial()
	image, kept := interrupt(t, c, 8, nil)
	m := powercut.New(image)
	m.PutJournal(kept)
	v, err := undojournal.View(m.Image(), m.Folder(), journalName, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	want := bytes.Clone(c.old)
	copy(want[2*sectorSize:3*sectorSize], image[2*sectorSize:]) // a fill is not taken back
	for range 2000 {
		off, n := r.Int64N(int64(len(want))+100), r.IntN(3000)
		got := make([]byte, n)
		read, err := v.ReadAt(got, off)
		expected := want[min(off, int64(len(want))):min(off+int64(n), int64(len(want)))]
		if !bytes.Equal(got[:read], expected) || (err != nil) != (read < n || off >= int64(len(want))) {
			t.Fatalf("%d bytes at %d: %d, %v", n, off, read, err)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if m.Operations() != 0 {
		t.Error("a reader has written")
	}
}

// TestRefusedChanges: what no journal can carry is refused before anything is written.
func TestRefusedChanges(t *testing.T) {
	t.Parallel()
	group := func(p ...undojournal.Piece) undojournal.Change {
		return undojournal.Change{Groups: [][]undojournal.Piece{p}, Size: 4096}
	}
	for name, c := range map[string]undojournal.Change{
		"shrinks":               {Size: 4095},
		"negative offset":       group(undojournal.Piece{Off: -1, Data: []byte("x")}),
		"behind the end":        group(undojournal.Piece{Off: 4090, Data: []byte("1234567")}),
		"offset behind the end": group(undojournal.Piece{Off: 1 << 62, Data: []byte("x")}),
		"wipe writes":           group(undojournal.Piece{Off: 0, Data: []byte("new"), Wipe: true}),
		"written after a wipe": group(undojournal.Piece{Off: 0, Data: make([]byte, 10), Wipe: true},
			undojournal.Piece{Off: 5, Data: []byte("x")}),
		"what stays is changed and changed back": {Groups: [][]undojournal.Piece{
			{{Off: 0, Data: []byte("x")}}, {{Off: 0, Data: []byte("ooo")}, {Off: 0, Data: []byte("ooo"), Wipe: true}},
		}, Size: 4096},
		"wipe behind the old end": {Groups: [][]undojournal.Piece{{{Off: 4090, Data: make([]byte, 10), Wipe: true}}}, Size: 8192},
		"fill wipes":              {Fills: []undojournal.Piece{{Data: make([]byte, 10), Wipe: true}}, Size: 4096},
		"fill under a wipe": {
			Fills:  []undojournal.Piece{{Data: []byte("new")}},
			Groups: [][]undojournal.Piece{{{Data: make([]byte, 10), Wipe: true}}}, Size: 4096,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := powercut.New(bytes.Repeat([]byte{'o'}, 4096))
			if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, c, nil); err == nil || m.Operations() != 0 {
				t.Errorf("error %v after %d operations", err, m.Operations())
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		t.Parallel()
		m := powercut.New(make([]byte, undojournal.MaxJournal))
		c := undojournal.Change{Groups: [][]undojournal.Piece{{{Data: bytes.Repeat([]byte{1}, undojournal.MaxJournal)}}}, Size: undojournal.MaxJournal}
		if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, c, nil); !errors.Is(err, undojournal.ErrTooLarge) || m.Operations() != 0 {
			t.Errorf("error %v after %d operations", err, m.Operations())
		}
	})
}

// TestWipeKeepsWhatIsThere: a wipe may hold secret bytes that do not change, beside others that do.
func TestWipeKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	old := append(bytes.Repeat([]byte{'o'}, 500), oldSecret+oldSecret...)
	old = append(old, bytes.Repeat([]byte{'o'}, 504)...)
	patch := bytes.Clone(old)
	clear(patch[500 : 500+len(oldSecret)])
	m := powercut.New(old)
	secret := undojournal.Piece{Off: 500, Data: bytes.Clone(patch[500 : 500+2*len(oldSecret)]), Wipe: true}
	c := undojournal.Change{Groups: [][]undojournal.Piece{{secret, {Off: 20, Data: []byte("x")}}}, Size: int64(len(old))}
	if _, err := undojournal.Write(m.Image(), m.Folder(), journalName, c, nil); err != nil {
		t.Fatal(err)
	}
	patch[20] = 'x'
	if !bytes.Equal(m.Durable(), patch) {
		t.Error("not what was asked for")
	}
	noSecret(t, m)
}
