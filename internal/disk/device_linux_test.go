package disk_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestBlockDevice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := sparseRaw(t, dir)
	before := sumFile(t, path)
	device := testenv.LoopDevice(t, path)

	i, err := open(device, lock.Change)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if i.Size() != 8<<20 || i.Format() != container.Raw || !i.Chain()[0].Device {
		t.Errorf("%d bytes, %+v", i.Size(), i.Chain())
	}
	for _, m := range []lock.Mode{lock.Read, lock.Change} {
		_, err := open(device, m)
		wantInUse(t, err)
	}
	// Whoever mounts it, or makes a file system on it, opens it with O_EXCL too.
	if f, err := os.OpenFile(device, os.O_RDONLY|os.O_EXCL, 0); err == nil {
		f.Close()
		t.Error("somebody else opened the device exclusively")
	}
	dst := filepath.Join(dir, "copy")
	if _, err := i.CopyTo(context.Background(), dst, disk.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if sumFile(t, dst) != before {
		t.Error("the copy differs")
	}
	plan, err := i.Plan([]container.Write{{Off: 5 << 20, Data: []byte("join")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range plan.Groups[0] {
		if _, err := i.File().WriteAt(c.Data, c.Off); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 4)
	if _, err := i.ReadAt(b, 5<<20); err != nil || !bytes.Equal(b, []byte("join")) {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestImageOnABlockDevice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "image")
	run(t, dir, "qemu-img", "create", "-q", "-f", "qcow2", path, "1M")
	if err := os.Truncate(path, 4<<20); err != nil {
		t.Fatal(err)
	}
	device := testenv.LoopDevice(t, path)
	_, err := open(device, lock.Change)
	wantRefused(t, err, container.Unsupported, device+" cannot be used: a qcow2 image on a block device")
	i, err := open(device, lock.Read)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Error(err)
	}
}
