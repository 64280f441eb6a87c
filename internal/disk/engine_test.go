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

// TestEngineOpensNoOtherFile: a name in a header that is not a plain path of a file beside it never reaches qemu-nbd.
func TestEngineOpensNoOtherFile(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	for name, c := range map[string]struct {
		data string // in place of data.raw, of equal length
		kind container.Kind
	}{
		"protocol": {"nbd:x:10", container.BackingName}, "json": {"json:{}?", container.BackingName},
		"missing": {"date.raw", container.MissingExtent}, "device": {"/dev/nul", container.MissingExtent},
		"no file": {"////dev/", container.NotFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			run(t, dir, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "image", "1M")
			path := filepath.Join(dir, "image")
			image, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(image, []byte("data.raw")) {
				t.Fatalf("no name in the header (%v)", err)
			}
			write(t, path, bytes.ReplaceAll(image, []byte("data.raw"), []byte(c.data)))
			_, err = open(path, lock.Read)
			wantRefused(t, err, c.kind)
			_, err = disk.OpenInPlace(context.Background(), path, lock.Change, lock.Options{}, nil)
			wantRefused(t, err, c.kind)
		})
	}
}

// TestEngineOverAChain: qemu-nbd stands on the files that were found, and qemu's lock is there while it has the image.
func TestEngineOverAChain(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "base.raw"), append(placed(700, "of the base"), make([]byte, 1<<20-711)...))
	overlay(t, dir, "middle.qcow2", "base.raw", "raw")
	run(t, dir, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "extended_l2=on,cluster_size=128k", "-b", "middle.qcow2", "-F", "qcow2",
		"top, really.qcow2")
	path := filepath.Join(dir, "top, really.qcow2")
	i, err := disk.OpenInPlace(context.Background(), path, lock.Change, lock.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []lock.Mode{lock.Read, lock.Change} {
		_, err := open(path, m)
		wantInUse(t, err)
	}
	target := i.Target()
	_, err = target.WriteAt([]byte("on top"), 800)
	if err == nil {
		err = target.Sync()
	}
	b := make([]byte, 1<<10)
	if _, readErr := i.ReadAt(b, 0); err != nil || readErr != nil || string(b[700:711]) != "of the base" || string(b[800:806]) != "on top" {
		t.Errorf("%v, %v, %q", err, readErr, b[700:806])
	}
	if err := i.Close(); err != nil {
		t.Error(err)
	}
	run(t, dir, "qemu-img", "check", "-q", "-f", "qcow2", path)
	again := mustOpen(t, path, lock.Read)
	if _, err := again.ReadAt(b, 0); err != nil || string(b[800:806]) != "on top" || again.ByEngine() == nil {
		t.Errorf("%v, %q", err, b[800:806])
	}
}
