package qcow2_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestChangeInPlaceEqualsARawDisk(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			path := v.build(t)
			for seed := range uint64(3) {
				changeAndCompare(t, path, seed) // one after the other on the same image
			}
		})
	}
}

// changeAndCompare changes an image and a raw disk in the same way and lets qemu-img compare them. It also looks at the
// image after each group, as a crash would leave it.
func changeAndCompare(t *testing.T, path string, seed uint64) {
	t.Helper()
	oracle := converted(t, path)
	writes := randomWrites(rand.New(rand.NewPCG(seed, 2)), oracle)
	q := mustOpen(t, path)
	plan, err := q.Plan(writes)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	checkPlan(t, plan, path)
	applyToOracle(t, oracle, writes)
	crashStates(t, path, plan)
	apply(t, path, plan)
	run(t, "qemu-img", "check", "-q", "-f", "qcow2", path)
	run(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", path, oracle.Name())
	if oracle.Size() <= 64<<20 && sum(t, mustOpen(t, path)) != sum(t, oracle) {
		t.Fatal("the changed disk reads differently")
	}
}

// randomWrites returns writes as a join has them: many small ones in groups, a few large ones into free space.
func randomWrites(r *rand.Rand, d container.Disk) []container.Write {
	var out []container.Write
	noise := func(n int) []byte {
		b := make([]byte, n)
		if r.IntN(5) == 0 {
			return b // zeros
		}
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	for range 25 {
		n := int64(512 * (1 + r.IntN(16)))
		off := r.Int64N(d.Size()/512) * 512
		n = min(n, d.Size()-off)
		out = append(out, container.Write{Off: off, Data: noise(int(n)), Group: r.IntN(4), Wipe: r.IntN(4) == 0})
	}
	for range 4 {
		n := min(int64(1+r.IntN(300_000)), d.Size())
		out = append(out, container.Write{Off: r.Int64N(d.Size() - n + 1), Data: noise(int(n)), Fresh: true})
	}
	same := make([]byte, 5000) // a write that changes nothing
	off := r.Int64N(d.Size() - 5000)
	if _, err := d.ReadAt(same, off); err == nil {
		out = append(out, container.Write{Off: off, Data: same, Group: 0})
	}
	return out
}

// applyToOracle writes the fresh writes first and then the others by group.
func applyToOracle(t *testing.T, d rawFile, writes []container.Write) {
	t.Helper()
	writes = slices.Clone(writes)
	slices.SortStableFunc(writes, func(a, b container.Write) int {
		if a.Fresh != b.Fresh {
			if a.Fresh {
				return -1
			}
			return 1
		}
		return a.Group - b.Group
	})
	for _, w := range writes {
		if _, err := d.WriteAt(w.Data, w.Off); err != nil {
			t.Fatal(err)
		}
	}
}

// checkPlan holds a plan against its contract.
func checkPlan(t *testing.T, p *container.FilePlan, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if p.Size < info.Size() {
		t.Errorf("the file would shrink from %d to %d bytes", info.Size(), p.Size)
	}
	for i, g := range slices.Concat([][]container.Piece{p.Fills}, p.Groups) {
		if i > 0 && len(g) == 0 {
			t.Errorf("group %d is empty", i-1)
		}
		for _, c := range g {
			if len(c.Data) == 0 || c.Off < 0 || c.Off+int64(len(c.Data)) > p.Size {
				t.Errorf("a piece of %d bytes at %d in a file of %d", len(c.Data), c.Off, p.Size)
			}
		}
	}
}

// crashStates looks at the image after the fills and after each group, and with any sectors of the next group on the disk
// too: qemu-img check must find leaked clusters at most.
func crashStates(t *testing.T, path string, p *container.FilePlan) {
	t.Helper()
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(p.Size), 6))
	for n, next := range p.Groups {
		for _, torn := range [][]container.Piece{nil, someSectors(r, next)} {
			judgeCrash(t, path, image, &container.FilePlan{
				Fills: p.Fills, Groups: append(slices.Clone(p.Groups[:n]), torn), Size: p.Size,
			})
		}
	}
}

// someSectors returns what is in half of the sectors of the file that the pieces touch.
func someSectors(r *rand.Rand, pieces []container.Piece) []container.Piece {
	const sector = 512
	kept := map[int64]bool{}
	var out []container.Piece
	for _, p := range pieces {
		for off, left := p.Off, p.Data; len(left) > 0; {
			n := min(int64(len(left)), sector-off%sector)
			if _, decided := kept[off/sector]; !decided {
				kept[off/sector] = r.IntN(2) == 0
			}
			if kept[off/sector] {
				out = append(out, container.Piece{Off: off, Data: left[:n]})
			}
			off, left = off+n, left[n:]
		}
	}
	return out
}

// judgeCrash carries a part of a plan out on a copy of the image, beside it for relative backing names.
func judgeCrash(t *testing.T, path string, image []byte, part *container.FilePlan) {
	t.Helper()
	cut := filepath.Join(filepath.Dir(path), "cut.qcow2")
	if err := os.WriteFile(cut, bytes.Clone(image), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(cut) }() // its folder goes, too
	apply(t, cut, part)
	out, err := exec.Command(testenv.Tool(t, "qemu-img"), "check", "-f", "qcow2", cut).CombinedOutput()
	if leaks := 3; err != nil && exitCode(err) != leaks {
		t.Errorf("with %d groups qemu-img check says: %v\n%s", len(part.Groups), err, out)
	}
}

func exitCode(err error) int {
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode()
	}
	return -1
}

func apply(t *testing.T, path string, p *container.FilePlan) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := p.Apply(f); err != nil {
		t.Fatal(err)
	}
}
