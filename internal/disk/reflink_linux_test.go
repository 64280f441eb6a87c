package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// A copy on btrfs shares its blocks with the golden image, but for what the plan changes. It needs root, for the mount.
func TestReflink(t *testing.T) {
	t.Parallel()
	mkfs := testenv.Tool(t, "mkfs.btrfs")
	testenv.Tool(t, "mount")
	if os.Getuid() != 0 {
		testenv.Absent(t, "the right to mount a file system")
	}
	dir := t.TempDir()
	volume := write(t, filepath.Join(dir, "btrfs"), nil)
	if err := errors.Join(os.Truncate(volume, 200<<20), os.Mkdir(filepath.Join(dir, "new"), 0o700)); err != nil {
		t.Fatal(err)
	}
	run(t, dir, mkfs, "-q", volume)
	sparseRaw(t, dir)
	cmd := child(dir, "reflink")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte(noMount)) {
		testenv.Absent(t, "the right to mount btrfs")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// copyOnBtrfs is what the child does, in a mount namespace that ends with it.
func copyOnBtrfs(dir string) error {
	mount := filepath.Join(dir, "new")
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("%s: %w", noMount, err)
	}
	if out, err := exec.Command("mount", "-o", "loop", filepath.Join(dir, "btrfs"), mount).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w, %s", noMount, err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "golden.raw"))
	if err != nil {
		return err
	}
	path, dst := filepath.Join(mount, "golden.raw"), filepath.Join(mount, "copy")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	golden, err := disk.Open(context.Background(), path, lock.Read, lock.Options{})
	if err != nil {
		return err
	}
	plan, err := golden.Plan(joinWrites())
	if err != nil {
		return err
	}
	made, err := golden.CopyTo(context.Background(), dst, disk.CopyOptions{Plan: plan})
	if err != nil || !made.Reflink {
		return fmt.Errorf("%+v, %w", made, err)
	}
	for _, w := range joinWrites() {
		copy(b[w.Off:], w.Data)
	}
	got, err := os.ReadFile(dst)
	if err != nil || !bytes.Equal(got, b) {
		return fmt.Errorf("the copy differs, %w", err)
	}
	return nil
}
