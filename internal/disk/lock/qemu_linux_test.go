package lock_test

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// qemuIO runs qemu-io on the image until the test ends or stop is called, and returns when it has the image open.
func qemuIO(t *testing.T, path string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(testenv.Tool(t, "qemu-io"), append(args, "-f", "raw", path)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_, _ = io.WriteString(in, "quit\n")
		if err := cmd.Wait(); err != nil {
			t.Errorf("qemu-io: %v", err)
		}
	}
	t.Cleanup(stop)
	// It answers when the image is open.
	if _, err := io.WriteString(in, "length\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "MiB") {
			return stop
		}
	}
	t.Fatal("qemu-io did not open the image")
	return nil
}

func TestQemuKeepsUsOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args         []string
		read, change bool // what is refused
	}{
		"writer": {nil, true, true},
		"reader": {[]string{"-r"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newImage(t)
			stop := qemuIO(t, path, c.args...)
			for m, refused := range map[lock.Mode]bool{lock.Read: c.read, lock.Change: c.change} {
				f, err := open(path, m)
				if refused {
					wantInUse(t, err)
					continue
				}
				if err != nil {
					t.Errorf("mode %d: %v", m, err)
					continue
				}
				f.Close()
			}
			stop()
			mustOpen(t, path, lock.Change)
		})
	}
}

func TestQemuNBDKeepsUsOut(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-r"}} {
		t.Run(strings.Join(args, ""), func(t *testing.T) {
			t.Parallel()
			path := newImage(t)
			socket := filepath.Join(t.TempDir(), "s")
			cmd := exec.Command(testenv.Tool(t, "qemu-nbd"), append(args, "-f", "raw", "-t", "-k", socket, path)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			waitForSocket(t, socket)
			_, err := open(path, lock.Change)
			wantInUse(t, err)
		})
	}
}

func waitForSocket(t *testing.T, path string) {
	t.Helper()
	for range 600 {
		if found, _ := filepath.Glob(path); len(found) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("qemu-nbd did not start")
}

func TestWeKeepQemuOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode    lock.Mode
		args    []string
		refused bool
	}{
		"changed, qemu writes": {lock.Change, nil, true},
		"changed, qemu reads":  {lock.Change, []string{"-r"}, true},
		"read, qemu writes":    {lock.Read, nil, true},
		"read, qemu reads":     {lock.Read, []string{"-r"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newImage(t)
			mustOpen(t, path, c.mode)
			args := append(c.args, "-f", "raw", "-c", "read 0 512", path)
			out, err := exec.Command(testenv.Tool(t, "qemu-io"), args...).CombinedOutput()
			locked := strings.Contains(string(out), "lock")
			if c.refused != (err != nil && locked) || !c.refused && err != nil {
				t.Errorf("qemu-io: %v, %s; want a refusal: %v", err, out, c.refused)
			}
		})
	}
}
