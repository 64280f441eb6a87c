package qcow2_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Images with clusters of 512 bytes need a new refcount block every 128 KiB and a longer refcount table after 8 MiB.
func TestChangeGrowsTheRefcounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		used      string // what is written before
		write     int64  // bytes that the change writes
		tableMove bool   // the refcount table has to move
	}{
		"a block":                     {used: "write -P 1 0 90k", write: 100 << 10},
		"many blocks":                 {used: "write -P 1 0 90k", write: 3 << 20},
		"the table, almost full":      {used: "write -P 1 0 7900k", write: 100 << 10, tableMove: true},
		"the table, by a large write": {used: "write -P 1 0 90k", write: 20 << 20, tableMove: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "image.qcow2")
			run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=512", path, "64M")
			run(t, "qemu-io", "-f", "qcow2", "-c", c.used, path)
			before := tableOffset(t, path)
			oracle := converted(t, path)
			data := make([]byte, c.write)
			for i := range data {
				data[i] = byte(i>>9) | 1
			}
			writes := []container.Write{{Off: 30 << 20, Data: data, Fresh: true}, {Off: 40 << 20, Data: []byte("join")}}
			applyToOracle(t, oracle, writes)
			q := mustOpen(t, path)
			plan, err := q.Plan(writes)
			if err != nil {
				t.Fatal(err)
			}
			checkPlan(t, plan, path)
			crashStates(t, path, plan)
			apply(t, path, plan)
			run(t, "qemu-img", "check", "-q", "-f", "qcow2", path)
			run(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", path, oracle.Name())
			if moved := tableOffset(t, path) != before; moved != c.tableMove {
				t.Errorf("the refcount table moved: %v, want %v", moved, c.tableMove)
			}
		})
	}
}

func tableOffset(t *testing.T, path string) uint64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 8)
	if _, err := f.ReadAt(b, 48); err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint64(b)
}
