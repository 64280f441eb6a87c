package disk_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// A new disk over a golden one: the golden image is only read.
func ExampleImage_Overlay() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "golden.raw")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	golden, err := disk.Open(ctx, path, lock.Read, lock.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer golden.Close()
	table, err := partition.Read(golden, golden.Size())
	if err != nil {
		log.Fatal(err)
	}
	writes := []container.Write{{Off: table.Partitions[0].Off + 4096, Data: []byte("a change")}}
	made, err := golden.Overlay(ctx, writes, filepath.Join(dir, "web01.qcow2"), qcow2.OverlayOptions{Relative: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(golden.Format(), table.Scheme, made.Size, made.BackingName)
	// Output: raw none 393216 golden.raw
}
