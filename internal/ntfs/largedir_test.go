package ntfs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestLargeDirectory fills a directory with names of all lengths until its tree has several levels, and empties it again in
// another order: blocks are split, joined and freed.
func TestLargeDirectory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cluster, record int64
		longest, count  int
	}{{4096, 1024, 200, 900}, {512, 1024, 30, 1500}, {65536, 1024, 240, 400}, {4096, 4096, 120, 900}} {
		t.Run(fmt.Sprintf("cluster %d record %d", c.cluster, c.record), func(t *testing.T) {
			t.Parallel()
			if c.record > 1024 && !long() {
				t.Skip("skipped: it is in the long run (make disk-long)")
			}
			m := format(t, 48<<20, c.cluster, c.record).memory
			rnd := rand.New(rand.NewPCG(uint64(c.cluster), 9))
			var names []string
			for i := range c.count {
				names = append(names, fmt.Sprintf("dir/%x %s%d", rnd.Uint32(), strings.Repeat("n", rnd.IntN(c.longest)), i))
			}
			inCommits(t, m, names, func(tx *Tx, name string) error {
				if _, err := tx.Stat("dir"); err != nil {
					if err := tx.Mkdir("dir", CreateOptions{Like: "$Extend"}); err != nil {
						return err
					}
				}
				return tx.Create(name, []byte(name), CreateOptions{Like: "$Extend"})
			})
			if depth := depthOf(t, m, "dir"); depth < 2 {
				t.Errorf("the tree has %d levels", depth)
			} else {
				t.Logf("%d levels", depth)
			}
			v, err := Open(m, int64(len(m)))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				wantContent(t, v, name, []byte(name))
			}
			rnd.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			inCommits(t, m, names, func(tx *Tx, name string) error { return tx.Remove(name, RemoveOptions{}) })
			inCommits(t, m, []string{"dir"}, func(tx *Tx, name string) error { return tx.RemoveDir(name) })
		})
	}
}

// inCommits makes a change for each name, in a few transactions of many changes, each judged.
func inCommits(t *testing.T, m memory, names []string, do func(tx *Tx, name string) error) {
	t.Helper()
	const commits = 3
	for i := range commits {
		tx := m.begin(t, Options{})
		for _, name := range names[len(names)*i/commits : len(names)*(i+1)/commits] {
			if err := do(tx, name); err != nil {
				t.Fatal(err)
			}
		}
		p, err := tx.Plan()
		if err != nil {
			t.Fatal(err)
		}
		m.apply(p)
		judge(t, saved(t, m), nil)
	}
}

func depthOf(t *testing.T, m memory, path string) int {
	t.Helper()
	v, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	i, err := v.lookup(path)
	if err != nil {
		t.Fatal(err)
	}
	x, err := v.index(i, fileIndex, typeFileName, collateFileName)
	if err != nil {
		t.Fatal(err)
	}
	steps, _, err := x.find(v.byName([]uint16{'a'}))
	if err != nil {
		t.Fatal(err)
	}
	return len(steps)
}
