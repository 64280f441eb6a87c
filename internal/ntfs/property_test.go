package ntfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// twin is a volume under random changes, and what must be on it.
type twin struct {
	rnd   *rand.Rand
	tx    *Tx
	files map[string][]byte
	dirs  []string
	log   []string
}

func (w *twin) clone() *twin {
	return &twin{rnd: w.rnd, files: maps.Clone(w.files), dirs: slices.Clone(w.dirs)}
}

func (w *twin) name() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789 ÄÖü_-"
	r := []rune(letters)
	n := 1 + w.rnd.IntN(12)
	if w.rnd.IntN(8) == 0 {
		n = 60 + w.rnd.IntN(150)
	}
	var b strings.Builder
	for range n {
		b.WriteRune(r[w.rnd.IntN(len(r))])
	}
	return "x" + b.String() + "x"
}

func (w *twin) data() []byte {
	sizes := []int{0, 1, 300, 700, 5000, 40_000}
	return pattern(w.rnd.IntN(sizes[w.rnd.IntN(len(sizes))]+1), byte(w.rnd.Uint32()))
}

// fold is the volume's own idea of equal names, for the letters of name.
func fold(path string) string { return strings.ToUpper(path) }

// file returns one of the files; it reports false when there are none.
func (w *twin) file() (string, bool) {
	if len(w.files) == 0 {
		return "", false
	}
	all := slices.Sorted(maps.Keys(w.files))
	return all[w.rnd.IntN(len(all))], true
}

func (w *twin) dir() string { return w.dirs[w.rnd.IntN(len(w.dirs))] }

// step makes one random change in the transaction and in the twin.
func (w *twin) step() error {
	op := w.rnd.IntN(12)
	path, some := w.file()
	if !some || op < 4 {
		return w.create()
	}
	w.log = append(w.log, fmt.Sprint(op, " ", path))
	switch op {
	case 4:
		return w.mkdir()
	case 5:
		data := w.data()
		w.files[path] = data
		return w.tx.Replace(path, data, Secrecy(w.rnd.IntN(4)))
	case 6, 7:
		delete(w.files, path)
		return w.tx.Remove(path, RemoveOptions{Secret: w.rnd.IntN(2) == 0})
	case 8, 9:
		return w.write(path)
	case 10:
		return w.rename(path)
	}
	w.tx.Barrier()
	return nil
}

func (w *twin) create() error {
	path, data := w.dir()+"/"+w.name(), w.data()
	w.log = append(w.log, "create "+path)
	err := w.tx.Create(path, data, CreateOptions{Like: "$Extend", Secret: w.rnd.IntN(3) == 0})
	if w.exists(path) {
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there twice: %w", path, err)
		}
		return nil
	}
	w.files[path] = data
	return err
}

func (w *twin) exists(path string) bool {
	for f := range w.files {
		if fold(f) == fold(path) {
			return true
		}
	}
	return slices.ContainsFunc(w.dirs, func(d string) bool { return fold(d) == fold(path) })
}

func (w *twin) mkdir() error {
	path := w.dir() + "/" + w.name()
	if len(w.dirs) > 6 || w.exists(path) {
		return nil
	}
	w.dirs = append(w.dirs, path)
	return w.tx.Mkdir(path, CreateOptions{Like: "$Extend"})
}

func (w *twin) write(path string) error {
	f, err := w.tx.Open(path)
	if err != nil {
		return err
	}
	f.SetSecrecy(Secrecy(w.rnd.IntN(4)))
	want := slices.Clone(w.files[path])
	if w.rnd.IntN(3) == 0 {
		n := w.rnd.IntN(2*len(want) + 2000)
		w.files[path] = slices.Grow(want, n)[:min(n, len(want))]
		w.files[path] = append(w.files[path], make([]byte, n-len(w.files[path]))...)
		return f.Truncate(int64(n))
	}
	b, off := w.data(), w.rnd.IntN(len(want)+3000)
	if len(b) > 0 && off+len(b) > len(want) {
		want = append(want, make([]byte, off+len(b)-len(want))...)
	}
	if len(b) > 0 {
		copy(want[off:], b)
	}
	w.files[path] = want
	_, err = f.WriteAt(b, int64(off))
	return err
}

func (w *twin) rename(path string) error {
	dir, _ := splitParent(path)
	name := w.name()
	if w.exists(dir + "/" + name) {
		return nil
	}
	w.files[dir+"/"+name] = w.files[path]
	delete(w.files, path)
	return w.tx.Rename(path, name)
}

// check compares the volume with the twin: every file's content, and that there are no others.
func (w *twin) check(t *testing.T, r interface {
	Open(string) (*File, error)
	ReadDir(string) ([]DirEntry, error)
},
) {
	t.Helper()
	found := 0
	for _, dir := range w.dirs {
		entries, err := r.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !e.Directory && e.Reference&referenceMask >= firstUser {
				found++
			}
		}
	}
	if found != len(w.files) {
		t.Errorf("%d files, want %d", found, len(w.files))
	}
	for path, want := range w.files {
		f, err := r.Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d (%v)", path, len(got), len(want), err)
		}
	}
}

func TestRandomChanges(t *testing.T) {
	t.Parallel()
	commits, steps := 8, 40
	if long() {
		commits = 60
	}
	for _, c := range []struct{ cluster, sector int }{{4096, 512}, {512, 512}, {65536, 512}, {4096, 4096}} {
		t.Run(fmt.Sprintf("cluster %d sector %d", c.cluster, c.sector), func(t *testing.T) {
			t.Parallel()
			seed := uint64(c.cluster + c.sector)
			if s, err := strconv.ParseUint(os.Getenv("OFFLINEJOIN_SEED"), 10, 64); err == nil {
				seed = s
			}
			d := mkntfs(t, 96<<20, c.cluster, c.sector)
			w := &twin{rnd: rand.New(rand.NewPCG(seed, 1)), files: map[string][]byte{}, dirs: []string{""}}
			dropped := 0
			for range commits {
				next := w.clone()
				if !randomCommit(t, d, next, steps) {
					dropped++
					continue
				}
				w = next
				if t.Failed() {
					t.Fatalf("seed %d: %v", seed, w.log)
				}
			}
			if dropped > commits/4 {
				t.Errorf("%d of %d commits were refused", dropped, commits)
			}
			t.Logf("%d files in %d directories are left; %d commits were refused", len(w.files), len(w.dirs), dropped)
		})
	}
}

// randomCommit reports false when the volume is too much in pieces for what was wanted: then nothing has become of it.
func randomCommit(t *testing.T, d disk, w *twin, steps int) bool {
	t.Helper()
	var err error
	if w.tx, err = d.open(t).Begin(Options{Now: testTime()}); err != nil {
		t.Fatal(err)
	}
	for range 1 + w.rnd.IntN(steps) {
		var refused *Refused
		if err := w.step(); errors.As(err, &refused) && refused.Kind == Fragmented {
			return false
		} else if err != nil {
			t.Fatalf("%v: %v", w.log, err)
		}
	}
	w.check(t, w.tx)
	p, err := w.tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	d.carryOut(t, p, nil)
	w.check(t, d.open(t))
	judge(t, d, nil)
	return true
}
