package disk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
)

// overlay makes an image of qemu over another one, unseen.
func overlay(t testing.TB, dir, name, base, format string) {
	t.Helper()
	run(t, dir, "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", base, "-F", format, name, "1M")
}

func TestChain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "base.raw"), placed(700, "of the base"))
	if err := os.Mkdir(filepath.Join(dir, "vms"), 0o700); err != nil {
		t.Fatal(err)
	}
	overlay(t, dir, "middle.qcow2", "base.raw", "raw")
	run(t, dir, "qemu-io", "-f", "qcow2", "-c", "write -P 9 512k 64k", "middle.qcow2")
	overlay(t, dir, "vms/top.qcow2", "../middle.qcow2", "qcow2")
	i := mustOpen(t, filepath.Join(dir, "vms", "top.qcow2"), lock.Change)
	b := make([]byte, 1<<20)
	if _, err := i.ReadAt(b, 0); err != nil || string(b[700:711]) != "of the base" || b[600<<10] != 0 || b[520<<10] != 9 {
		t.Errorf("read %q, %d, %d, %v", b[700:711], b[600<<10], b[520<<10], err)
	}
	for off, want := range map[int64]bool{0: true, 64<<10 - 1: true, 64 << 10: false, 512 << 10: false} {
		below, err := mustOpen(t, filepath.Join(dir, "middle.qcow2"), lock.Read).FromBelow(off, 10)
		if err != nil || below != want {
			t.Errorf("byte %d comes from the backing file: %v, %v; want %v", off, below, err, want)
		}
	}
	var got []string
	for _, l := range i.Chain() {
		got = append(got, fmt.Sprintf("%s %s %d", filepath.Base(l.Path), l.Format, l.Size))
	}
	if d := cmp.Diff([]string{"top.qcow2 qcow2 1048576", "middle.qcow2 qcow2 1048576", "base.raw raw 65536"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// The files below are read by others at most.
	for _, below := range []string{"middle.qcow2", "base.raw"} {
		_, err := open(filepath.Join(dir, below), lock.Change)
		wantInUse(t, err)
		mustOpen(t, filepath.Join(dir, below), lock.Read)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestChainThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string) // makes top.qcow2
		want container.Kind
	}{
		"itself": {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", "./top.qcow2", "qcow2") }, container.BackingChain},
		"loop": {func(t *testing.T, dir string) {
			overlay(t, dir, "top.qcow2", "other.qcow2", "qcow2")
			overlay(t, dir, "other.qcow2", "top.qcow2", "qcow2")
		}, container.BackingChain},
		"too deep": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "0.qcow2"), make([]byte, 1<<20))
			overlay(t, dir, "1.qcow2", "0.qcow2", "raw")
			for i := 2; i < 17; i++ {
				overlay(t, dir, fmt.Sprintf("%d.qcow2", i), fmt.Sprintf("%d.qcow2", i-1), "qcow2")
			}
			if err := os.Rename(filepath.Join(dir, "16.qcow2"), filepath.Join(dir, "top.qcow2")); err != nil {
				t.Fatal(err)
			}
		}, container.BackingChain},
		"missing":  {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", "none.raw", "raw") }, container.BackingMissing},
		"a folder": {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", dir, "raw") }, container.NotFile},
		"a device": {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", "/dev/zero", "raw") }, container.NotFile},
		"json":     {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", `json:{"driver":"raw"}`, "raw") }, container.BackingName},
		"nbd":      {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", "nbd://host/x", "raw") }, container.BackingName},
		"file":     {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", "file:base", "raw") }, container.BackingName},
		"a format": {func(t *testing.T, dir string) { overlay(t, dir, "top.qcow2", "base", "qed") }, container.Unsupported},
		"not a qcow2": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "base"), placed(0, ""))
			overlay(t, dir, "top.qcow2", "base", "qcow2")
		}, container.Unsupported},
		"encrypted below": {func(t *testing.T, dir string) {
			run(t, dir, "qemu-img", "create", "-q", "-f", "qcow2", "--object", "secret,id=s,data=abc", "-o",
				"encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", "base", "1M")
			overlay(t, dir, "top.qcow2", "base", "qcow2")
		}, container.Encrypted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c.make(t, dir)
			top := filepath.Join(dir, "top.qcow2")
			for _, m := range []lock.Mode{lock.Read, lock.Change} {
				_, err := open(top, m)
				wantRefused(t, err, c.want)
			}
			// Nothing stays locked or open.
			f, err := lock.Open(t.Context(), top, lock.Change, lock.Options{})
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		})
	}
}

// A raw backing file that a guest made look like a qcow2 image is raw nevertheless.
func TestBackingFormatIsNotProbed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	overlay(t, dir, "guest", "/etc/hostname", "raw") // what the guest wrote into its disk
	overlay(t, dir, "top.qcow2", "guest", "raw")
	i := mustOpen(t, filepath.Join(dir, "top.qcow2"), lock.Read)
	b := make([]byte, 4)
	if _, err := i.ReadAt(b, 0); err != nil || string(b) != "QFI\xfb" || len(i.Chain()) != 2 {
		t.Errorf("read %q, %v, %d files", b, err, len(i.Chain()))
	}
}

func TestInPlaceIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, dir, "qemu-img", "create", "-q", "-f", "qcow2", "image", "1M")
	run(t, dir, "qemu-img", "snapshot", "-c", "one", "image")
	path := filepath.Join(dir, "image")
	_, err := open(path, lock.Change)
	wantRefused(t, err, container.Snapshots, path+" has snapshots inside")
	mustOpen(t, path, lock.Read)
}
