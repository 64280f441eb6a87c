package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// The tests run this test program again as a child that they kill, or that has a full disk. childJob names its work.
const (
	childJob    = "OFFLINEJOIN_DISK_TEST_JOB"
	childFolder = "OFFLINEJOIN_DISK_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	jobs := map[string]func(dir string) error{"overlays": makeOverlays, "copies": makeCopies, "full": fillUp, "reflink": copyOnBtrfs}
	if job := jobs[os.Getenv(childJob)]; job != nil {
		if err := job(os.Getenv(childFolder)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(dir, job string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childJob+"="+job, childFolder+"="+dir)
	return cmd
}

// joinWrites are those of a join: the program, and small ones.
func joinWrites() []container.Write {
	return []container.Write{
		{Off: 1 << 20, Data: bytes.Repeat([]byte("program "), 230_000), Fresh: true},
		{Off: 5 << 20, Data: []byte("canary-secret"), Group: 1},
		{Off: 7 << 20, Data: make([]byte, 9000), Group: 2},
	}
}

func makeOverlays(dir string) error {
	golden, err := disk.Open(context.Background(), filepath.Join(dir, "golden.raw"), lock.Read, lock.Options{})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		dst := filepath.Join(dir, "new", strconv.Itoa(n))
		if _, err := golden.Overlay(context.Background(), joinWrites(), dst, qcow2.OverlayOptions{}); err != nil {
			return err
		}
		if n == 0 {
			fmt.Println("ready")
		}
	}
}

func makeCopies(dir string) error {
	golden, err := disk.Open(context.Background(), filepath.Join(dir, "golden.raw"), lock.Read, lock.Options{})
	if err != nil {
		return err
	}
	plan, err := golden.Plan(joinWrites())
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		dst := filepath.Join(dir, "new", strconv.Itoa(n))
		if _, err := golden.CopyTo(context.Background(), dst, disk.CopyOptions{Plan: plan}); err != nil {
			return err
		}
		if n == 0 {
			fmt.Println("ready")
		}
	}
}

// A process that makes new disks one after the other is killed at any time: each name is there with the whole file, or not
// at all, and the golden image is as it was.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := 6
	if os.Getenv("OFFLINEJOIN_LONG") == "1" {
		kills = 200
	}
	for _, job := range []string{"overlays", "copies"} {
		t.Run(job, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			golden := sumFile(t, sparseRaw(t, dir))
			if err := os.Mkdir(filepath.Join(dir, "new"), 0o700); err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(8, 8))
			whole, files := [32]byte{}, 0
			for range kills {
				killOne(t, dir, job, r)
				files += judgeFiles(t, filepath.Join(dir, "new"), &whole)
			}
			if sumFile(t, filepath.Join(dir, "golden.raw")) != golden {
				t.Error("the golden image was changed")
			}
			t.Logf("%d kills, %d files, all whole", kills, files)
		})
	}
}

// killOne starts a child and kills it while it works.
func killOne(t *testing.T, dir, job string, r *rand.Rand) {
	t.Helper()
	cmd := child(dir, job)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 6)
	_, err = out.Read(ready)
	time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
	if kill := cmd.Process.Kill(); err != nil || string(ready) != "ready\n" || kill != nil {
		t.Errorf("the child says %q, %v, %v", ready, err, kill)
	}
	_ = cmd.Wait()
}

// judgeFiles compares the new files with each other and removes them. The first one of all is checked by what it holds.
func judgeFiles(t *testing.T, dir string, whole *[32]byte) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, err := strconv.Atoi(e.Name()); err != nil {
			t.Errorf("%s was left behind", e.Name())
		}
		sum := sumFile(t, path)
		if *whole == ([32]byte{}) {
			*whole = sum
			judgeJoin(t, path)
		}
		if sum != *whole {
			t.Errorf("%s is not whole", e.Name())
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	return len(entries)
}

func judgeJoin(t *testing.T, path string) {
	t.Helper()
	i := mustOpen(t, path, lock.Read)
	defer i.Close()
	for _, w := range joinWrites() {
		b := make([]byte, len(w.Data))
		if _, err := i.ReadAt(b, w.Off); err != nil || !bytes.Equal(b, w.Data) {
			t.Errorf("the write at %d is not there: %v", w.Off, err)
		}
	}
}

// On a disk that gets full at any of the writes there is an error and no file. It needs a file system of its own, which a
// child makes in a mount namespace.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sparseRaw(t, dir)
	for _, d := range []string{"new", "probe"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := child(dir, "full")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte(noMount)) || errors.Is(err, syscall.EPERM) {
		testenv.Absent(t, "the right to mount a tmpfs")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

const noMount = "cannot mount a tmpfs"

// fillUp is what the child does: new disks on file systems of all sizes up to the first that is large enough.
func fillUp(dir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("%s: %w", noMount, err)
	}
	golden, err := disk.Open(context.Background(), filepath.Join(dir, "golden.raw"), lock.Read, lock.Options{})
	if err != nil {
		return err
	}
	overlay := func(dst string) error {
		_, err := golden.Overlay(context.Background(), joinWrites(), dst, qcow2.OverlayOptions{})
		return err
	}
	plan, err := golden.Plan(joinWrites())
	if err != nil {
		return err
	}
	copied := func(dst string) error {
		_, err := golden.CopyTo(context.Background(), dst, disk.CopyOptions{Plan: plan})
		return err
	}
	for name, work := range map[string]func(dst string) error{"overlay": overlay, "copy": copied} {
		n, err := untilItFits(filepath.Join(dir, "new"), work)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Printf("%s: %d disks were too small\n", name, n)
	}
	return nil
}

// untilItFits does the work on ever larger file systems and returns how many were too small.
func untilItFits(mount string, work func(dst string) error) (int, error) {
	for n := 0; n < 400; n++ {
		if err := unix.Mount("tmpfs", mount, "tmpfs", 0, fmt.Sprintf("size=%dk", 16+32*n)); err != nil {
			return n, fmt.Errorf("%s: %w", noMount, err)
		}
		dst := filepath.Join(mount, "web01")
		workErr := work(dst)
		_, statErr := os.Lstat(dst)
		entries, err := os.ReadDir(mount)
		if err := errors.Join(err, unix.Unmount(mount, 0)); err != nil {
			return n, err
		}
		if workErr == nil {
			if n < 20 || len(entries) != 1 || statErr != nil {
				return n, fmt.Errorf("it fits into %d KiB, %d entries, %w", 16+32*n, len(entries), statErr)
			}
			return n, nil
		}
		var noSpace *disk.NoSpaceError
		if !errors.Is(workErr, unix.ENOSPC) && !errors.As(workErr, &noSpace) {
			return n, workErr
		}
		if len(entries) != 0 || !errors.Is(statErr, fs.ErrNotExist) {
			return n, fmt.Errorf("%d files were left, %w", len(entries), statErr)
		}
	}
	return 0, errors.New("it never fits")
}
