package qcow2_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// A disk of many L2 tables, most of which are not there.
func TestLargeDisk(t *testing.T) {
	t.Parallel()
	const size = 40 << 30
	writes := []container.Write{
		{Off: 0, Data: []byte("at the begin")},
		{Off: size - 10, Data: []byte("at the end")},
		{Off: 512<<20 - 3, Data: []byte("over the edge of a table"), Group: 1},
		{Off: 20 << 30, Data: make([]byte, 100<<10), Fresh: true},
		{Off: 30<<30 + 700, Data: []byte("alone"), Group: 2},
	}
	dir := t.TempDir()
	golden, oracle := filepath.Join(dir, "golden.raw"), filepath.Join(dir, "oracle.raw")
	for _, path := range []string{golden, oracle} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(size); err != nil {
			t.Skip("skipped: no sparse files of 40 GiB here")
		}
		if path == oracle {
			applyToOracle(t, rawFile{f}, writes)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	same := func(path string) {
		t.Helper()
		run(t, "qemu-img", "check", "-q", "-f", "qcow2", path)
		run(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", path, oracle)
	}

	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dst := filepath.Join(dir, "web01.qcow2")
	g := qcow2.Golden{Disk: rawFile{f}, Path: golden, Format: container.Raw}
	made, err := qcow2.Overlay(context.Background(), g, writes, dst, qcow2.OverlayOptions{})
	if err != nil {
		t.Fatal(err)
	}
	same(dst)
	// Header, refcount table and block, L1, five L2 tables, and seven clusters of data: 0; the last; two at the edge of a
	// table; two at 20 GiB; one at 30 GiB.
	if want := int64(4+5+7) << 16; made.Size != want {
		t.Errorf("the overlay has %d bytes, want %d", made.Size, want)
	}

	for _, cluster := range []string{"64K", "4K"} {
		image := filepath.Join(dir, "image-"+cluster)
		run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size="+cluster, image, "40G")
		plan, err := mustOpen(t, image).Plan(writes)
		if err != nil {
			t.Fatal(err)
		}
		crashStates(t, image, plan)
		apply(t, image, plan)
		same(image)
	}
}
