package ntfs

import (
	"errors"
	"io/fs"
	"testing"
)

// TestRenameOver puts a new file in the place of another. Whoever stops after any group finds the one or the other.
func TestRenameOver(t *testing.T) {
	t.Parallel()
	m := populated(t, 512, 1024)
	const name = "Windows/System32/a long name 07.dll"
	like := CreateOptions{Like: "$Extend", Secret: true}
	old, err := Open(m, int64(len(m)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := old.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	_, before := digest(t, f)
	tx := m.begin(t, Options{})
	if err := errors.Join(
		tx.Create("Windows/System32/new", noise(5000, 9), like),
		tx.RenameOver("Windows/System32/new", "A LONG name 07.dll", RemoveOptions{Secret: true}),
	); err != nil {
		t.Fatal(err)
	}
	wantContent(t, tx, name, noise(5000, 9))
	if _, err := tx.Stat("Windows/System32/new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := tx.RenameOver(name, "config", RemoveOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Error("a directory:", err)
	}
	if err := tx.RenameOver("Windows/System32/none", "x", RemoveOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	p, err := tx.Plan()
	if err != nil {
		t.Fatal(err)
	}
	m.apply(&Plan{Fills: p.Fills})
	seen := map[string]bool{before: true}
	for i, g := range p.Groups {
		m.apply(&Plan{Groups: []Group{g}})
		v, err := Open(m, int64(len(m)))
		if err != nil {
			t.Fatal(err)
		}
		f, err := v.Open(name)
		if err != nil {
			t.Fatalf("after group %d (stage %d): %v", i, g.Stage, err)
		}
		_, sum := digest(t, f)
		seen[sum] = true
	}
	if len(seen) != 2 {
		t.Errorf("%d states", len(seen))
	}
	judge(t, saved(t, m), nil)
}
