package ntfs

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// testTime is what changed files get in tests.
func testTime() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

// disk is a file that holds a volume at off.
type disk struct {
	path string
	off  int64
}

func (d disk) String() string { return d.path + "@" + strconv.FormatInt(d.off, 10) }

// open opens the volume anew. The file is closed at the end of the test.
func (d disk) open(t testing.TB) *Volume {
	t.Helper()
	v, err := openDisk(t, d.path, d.off)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// copyTo copies the disk, keeping holes.
func (d disk) copyTo(t testing.TB, path string) disk {
	t.Helper()
	run(t, testenv.Tool(t, "cp"), "--sparse=always", "--reflink=auto", d.path, path)
	return disk{path, d.off}
}

// carryOut writes a plan, and calls after each group what is given.
func (d disk) carryOut(t testing.TB, p *Plan, after func(g Group)) {
	t.Helper()
	f, err := os.OpenFile(d.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(b []byte, off int64) {
		if _, err := f.WriteAt(b, d.off+off); err != nil {
			t.Fatal(err)
		}
	}
	fillsAreNotWiped(t, p)
	for _, c := range p.Fills {
		write(c.Data, c.Off)
	}
	if after != nil {
		after(Group{})
	}
	for _, g := range p.Groups {
		for _, c := range g.Patches {
			old := make([]byte, len(c.New))
			if _, err := f.ReadAt(old, d.off+c.Off); err != nil {
				t.Fatal(err)
			}
			if !c.Wipe && !bytes.Equal(old, c.Old) {
				t.Errorf("%d bytes at %d are not what the patch says", len(old), c.Off)
			}
			write(c.New, c.Off)
		}
		if after != nil {
			after(g)
		}
	}
}

// fillsAreNotWiped demands that no zeros, of which no journal keeps what they take away, come over what a fill has put there: a
// journal refuses such a change.
func fillsAreNotWiped(t testing.TB, p *Plan) {
	t.Helper()
	filled := map[int64]bool{}
	for _, f := range p.Fills {
		for at := 0; at < len(f.Data); at += sectorSize {
			filled[f.Off+int64(at)] = true
		}
	}
	for _, g := range p.Groups {
		for _, c := range g.Patches {
			for at := 0; c.Wipe && at < len(c.New); at += sectorSize {
				if filled[c.Off+int64(at)] {
					t.Errorf("the sector at %d is filled, and wiped by the plan that fills it", c.Off+int64(at))
					return // one tells of all
				}
			}
		}
	}
}

// edit carries out what do plans.
func (d disk) edit(t testing.TB, do func(*Tx) error) *Plan {
	t.Helper()
	p := d.plan(t, do)
	d.carryOut(t, p, nil)
	return p
}

func (d disk) plan(t testing.TB, do func(*Tx) error) *Plan {
	t.Helper()
	tx, err := d.open(t).Begin(Options{Now: testTime()})
	if err != nil {
		t.Fatal(err)
	}
	if err := do(tx); err != nil {
		t.Fatal(err)
	}
	p, err := tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// judge runs the independent checker; with before, only what is new counts.
func judge(t testing.TB, after disk, before *disk) {
	t.Helper()
	if out, err := findings(t, after, before); err != nil {
		t.Errorf("nchk: %v\n%s", err, out)
	}
}

func findings(t testing.TB, after disk, before *disk) (string, error) {
	t.Helper()
	checker := lab(t, "nchk.py")
	if checker == "" {
		return "", nil
	}
	args := []string{checker}
	if before != nil {
		args = append(args, "-b", before.String())
	} else {
		args = append(args, "-t", "-s") // our own volumes: notes count, times too
	}
	out, err := exec.Command(testenv.Tool(t, "python3"), append(args, after.String())...).CombinedOutput()
	return string(out), err
}

// lab returns the path of a program of the shared lab. Where there is no lab the rest of the test still runs: then it is "".
func lab(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("OFFLINEJOIN_SHARED")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(testenv.Root()), "shared")
	}
	if _, err := os.Stat(dir); err != nil && !testenv.Required() {
		t.Log("not judged: no shared lab (set OFFLINEJOIN_SHARED)")
		return ""
	}
	return testenv.Shared(t, "lab/disk/"+name)
}

// long reports whether the tests that take minutes are wanted.
func long() bool { return os.Getenv("OFFLINEJOIN_LONG") == "1" }

// mkntfs formats an empty volume.
func mkntfs(t testing.TB, size int64, cluster, sector int) disk {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.img")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	run(t, testenv.Tool(t, "mkntfs"), "-F", "-Q", "-q", "-p", "2048", "-H", "255", "-S", "63",
		"-s", strconv.Itoa(sector), "-c", strconv.Itoa(cluster), "-L", "Windows", path)
	return disk{path: path}
}

// contents reads every file that can be read, by path.
func contents(t testing.TB, v *Volume, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	collect(t, v, dir, all)
	return all
}

func collect(t testing.TB, v *Volume, dir string, all map[string]string) {
	t.Helper()
	entries, err := v.ReadDir(dir)
	if err != nil {
		if kindOf(err) == Reparse {
			return
		}
		t.Fatal(err)
	}
	for _, e := range entries {
		path := strings.TrimPrefix(dir+"/"+e.Name, "/")
		if e.Directory {
			collect(t, v, path, all)
			continue
		}
		f, err := v.Open(path)
		if err != nil {
			all[path] = fmt.Sprint(kindOf(err))
			continue
		}
		if size, _ := f.Size(); size > 64<<20 {
			all[path] = fmt.Sprint(size)
			continue
		}
		_, all[path] = digest(t, f)
	}
}

func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7) ^ byte(i>>8) ^ seed
	}
	return b
}

// noise returns bytes that occur nowhere else.
func noise(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func wantContent(t testing.TB, v interface {
	Open(string) (*File, error)
}, path string, want []byte,
) {
	t.Helper()
	f, err := v.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	got, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, want %d (%v)", path, len(got), len(want), err)
	}
}

// openTx lets a Tx be read like a Volume.
type openTx struct{ *Tx }

func TestEmptyVolumeTakesATree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cluster, sector int }{{4096, 512}, {512, 512}, {1024, 512}, {65536, 512}, {4096, 4096}, {2 << 20, 512}} {
		t.Run(fmt.Sprintf("cluster %d sector %d", c.cluster, c.sector), func(t *testing.T) {
			t.Parallel()
			d := mkntfs(t, max(64<<20, int64(c.cluster)*400), c.cluster, c.sector)
			judge(t, d, nil)
			want := map[string][]byte{}
			d.edit(t, func(tx *Tx) error {
				for _, dir := range []string{"Windows", "Windows/System32", "Windows/System32/config", "Users"} {
					if err := tx.Mkdir(dir, CreateOptions{}); err != nil {
						return err
					}
				}
				for i := range 150 {
					path := fmt.Sprintf("Windows/System32/a long name %03d.dll", i*37%150)
					want[path] = pattern(i*i, byte(i))
					if err := tx.Create(path, want[path], CreateOptions{Like: "Windows", Secret: i%5 == 0}); err != nil {
						return err
					}
				}
				for path, b := range want {
					wantContent(t, openTx{tx}, path, b)
				}
				return nil
			})
			judge(t, d, nil)
			for path, b := range want {
				wantContent(t, d.open(t), path, b)
			}
		})
	}
}
