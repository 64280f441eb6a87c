package regf

import (
	"fmt"
	"testing"
)

// growHive fills a new hive with copies of a real SYSTEM hive until it has about the wanted size.
func growHive(t testing.TB, want uint32) Files {
	t.Helper()
	dir, _ := corpus(t)
	from, err := Open(load(t, dir, "win10-1709-x64-dirty/SYSTEM"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := from.Root()
	if err != nil {
		t.Fatal(err)
	}
	f := newTestHive(t, 5)
	h, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; h.DataSize() < want; i++ {
		to, _, err := h.CreateKey(fmt.Sprintf(`Copy%d`, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		copyTree(t, h, to, root)
	}
	if _, err := h.Commit(CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	return f
}

func copyTree(t testing.TB, h *Hive, to, from Key) {
	t.Helper()
	for v, err := range from.Values() {
		if err != nil {
			t.Fatal(err)
		}
		data, err := v.Data()
		if err != nil {
			t.Fatal(err)
		}
		if err := to.SetValue(v.Name(), v.Type(), data); err != nil {
			t.Fatal(err)
		}
	}
	for sub, err := range from.Subkeys() {
		if err != nil {
			t.Fatal(err)
		}
		child, err := h.createSubkey(to, sub.Name(), nil)
		if err != nil {
			t.Fatal(err)
		}
		copyTree(t, h, child, sub)
	}
}

func TestGrow(t *testing.T) {
	f := growHive(t, 90<<20)
	n, _ := f.Primary.Size()
	t.Log(n)
}
