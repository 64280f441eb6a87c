package disk_test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// While a machine runs on one overlay, others can be made of the same golden image, and neither the overlay nor the golden
// image can be changed.
func TestGoldenOfARunningMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := sparseRaw(t, dir)
	overlay(t, dir, "web01.qcow2", "golden.raw", "raw")
	holdOpen(t, filepath.Join(dir, "web01.qcow2"))

	golden := mustOpen(t, path, lock.Read)
	w := []container.Write{{Off: 0, Data: []byte("join")}}
	if _, err := golden.Overlay(context.Background(), w, filepath.Join(dir, "web02.qcow2"), qcow2.OverlayOptions{}); err != nil {
		t.Error(err)
	}
	if err := golden.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := open(path, lock.Change)
	wantInUse(t, err)
	for _, m := range []lock.Mode{lock.Read, lock.Change} {
		_, err := open(filepath.Join(dir, "web01.qcow2"), m)
		wantInUse(t, err)
	}
}

// holdOpen has qemu-io open an image for writing until the test ends.
func holdOpen(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command(testenv.Tool(t, "qemu-io"), "-f", "qcow2", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "quit\n")
		_ = cmd.Wait()
	})
	if _, err := io.WriteString(in, "length\n"); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "MiB") {
			return // it answers when the image is open
		}
	}
	t.Fatal("qemu-io did not open the image")
}
