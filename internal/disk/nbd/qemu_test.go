//go:build unix

package nbd_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/imagetest"
	"github.com/offlinejoin/offlinejoin/internal/disk/nbd"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

func start(t testing.TB, path string, format container.Format, change bool) *nbd.Disk {
	t.Helper()
	d, err := nbd.Start(t.Context(), nbd.Options{Path: path, Format: format, Change: change})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func end(t testing.TB, d *nbd.Disk) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestReadAndWrite: images that this program has no code of its own for.
func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	for name, tt := range map[string]struct {
		format   container.Format
		options  string
		snapshot bool
	}{
		"sparse vmdk":           {format: container.VMDK, options: "subformat=monolithicSparse"},
		"split vmdk":            {format: container.VMDK, options: "subformat=twoGbMaxExtentSparse"},
		"qcow2 with a snapshot": {format: container.QCOW2, options: "compat=1.1", snapshot: true},
		"extended L2":           {format: container.QCOW2, options: "extended_l2=on,cluster_size=128k"},
		"dynamic vhdx":          {format: container.VHDX, options: "subformat=dynamic"},
		"dynamic vhd":           {format: container.VHD, options: "subformat=dynamic,force_size=on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(14, uint64(len(name))))
			raw := imagetest.Raw(t, 12<<20, r)
			path := filepath.Join(t.TempDir(), "a disk, with a comma")
			imagetest.Run(t, "qemu-img", "convert", "-O", string(tt.format), "-o", tt.options, raw, path)
			if tt.snapshot {
				imagetest.Run(t, "qemu-img", "snapshot", "-c", "before", path)
			}
			d := start(t, path, tt.format, false)
			imagetest.SameContent(t, d, raw, r)
			if _, err := d.WriteAt([]byte("x"), 0); err == nil {
				t.Error("a disk opened for reading was written")
			}
			end(t, d)

			d = start(t, path, tt.format, true)
			writes := []container.Write{
				{Off: 7, Data: []byte("not a whole sector")},
				{Off: 6<<20 + 100, Data: bytes.Repeat([]byte("large"), 500_000)},
				{Off: d.Size() - 3, Data: []byte("end")},
			}
			for _, w := range writes {
				if n, err := d.WriteAt(w.Data, w.Off); n != len(w.Data) || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := d.Sync(); err != nil {
				t.Fatal(err)
			}
			imagetest.Overwrite(t, raw, writes)
			imagetest.SameContent(t, d, raw, r)
			end(t, d)
			if tt.format == container.QCOW2 || tt.format == container.VHDX {
				imagetest.Run(t, "qemu-img", "check", "-f", string(tt.format), path)
			}
			imagetest.Run(t, "qemu-img", "compare", "-f", string(tt.format), "-F", "raw", path, raw)
		})
	}
}

// TestJournal changes an image through qemu-nbd with an undo journal, which holds offsets of the virtual disk.
func TestJournal(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	r := rand.New(rand.NewPCG(14, 8))
	raw := imagetest.Raw(t, 3<<20, r)
	path := filepath.Join(t.TempDir(), "disk.vmdk")
	imagetest.Run(t, "qemu-img", "convert", "-O", "vmdk", raw, path)
	folder, err := undojournal.OpenFolder(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	d := start(t, path, container.VMDK, true)
	writes := []container.Write{{Off: 100, Data: []byte("first")}, {Off: 2 << 20, Data: []byte("second"), Group: 1}}
	change := undojournal.Change{Size: d.Size(), Groups: [][]undojournal.Piece{
		{{Off: 100, Data: []byte("first")}}, {{Off: 2 << 20, Data: []byte("second")}},
	}}
	if _, err := undojournal.Write(nbd.Fixed{Disk: d}, folder, "disk.vmdk"+undojournal.Suffix, change, nil); err != nil {
		t.Fatal(err)
	}
	end(t, d)
	imagetest.Overwrite(t, raw, writes)
	imagetest.Run(t, "qemu-img", "compare", "-f", "vmdk", "-F", "raw", path, raw)
}

// TestInUse: what qemu holds for writing is not opened a second time, and is free again after Close.
func TestInUse(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	path := filepath.Join(t.TempDir(), "disk.qcow2")
	imagetest.Run(t, "qemu-img", "create", "-f", "qcow2", path, "1M")
	first := start(t, path, container.QCOW2, true)
	for _, change := range []bool{false, true} {
		_, err := nbd.Start(t.Context(), nbd.Options{Path: path, Format: container.QCOW2, Change: change})
		if !errors.Is(err, nbd.ErrInUse) {
			t.Errorf("error %v", err)
		}
	}
	end(t, first)
	end(t, start(t, path, container.QCOW2, true))
}

// TestFailures: each names the cause.
func TestFailures(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("garbage"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		o    nbd.Options
		says string
	}{
		"damaged":   {nbd.Options{Path: garbage, Format: container.QCOW2}, "qcow2"},
		"missing":   {nbd.Options{Path: filepath.Join(dir, "absent"), Format: container.QCOW2}, "absent"},
		"a folder":  {nbd.Options{Path: dir, Format: container.QCOW2}, "not a regular file"},
		"no format": {nbd.Options{Path: garbage}, "format"},
		"sneaky":    {nbd.Options{Path: garbage, Format: "raw,file.driver=nbd"}, "format"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := nbd.Start(t.Context(), tt.o)
			if err == nil {
				end(t, d)
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("pending log", func(t *testing.T) {
		t.Parallel()
		path := imagetest.Volume(t, "hyperv-vhdx-log-replay.vhdx")
		if d, err := nbd.Start(t.Context(), nbd.Options{Path: path, Format: container.VHDX}); err == nil {
			end(t, d)
			t.Error("it was opened")
		}
	})
}

// TestCancel ends the context while requests are under way: they fail, the process is gone, and the image is free.
func TestCancel(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	path := filepath.Join(t.TempDir(), "disk.qcow2")
	imagetest.Run(t, "qemu-img", "create", "-f", "qcow2", path, "64M")
	ctx, cancel := context.WithCancel(t.Context())
	d, err := nbd.Start(ctx, nbd.Options{Path: path, Format: container.QCOW2, Change: true})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		for {
			if _, err := d.WriteAt(bytes.Repeat([]byte("x"), 100_000), 0); err != nil {
				failed <- err
				return
			}
		}
	}()
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := <-failed; err == nil {
		t.Error("no error")
	}
	if err := d.Close(); err == nil {
		t.Error("the end of a broken connection is no error")
	}
	gone(t, path)
	imagetest.Run(t, "qemu-img", "check", "-f", "qcow2", path)
	if _, err := nbd.Start(ctx, nbd.Options{Path: path, Format: container.QCOW2}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	gone(t, path)
}

// TestEndOfThisProcess kills a program that has an image open: qemu-nbd ends, too.
func TestEndOfThisProcess(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	if path := os.Getenv("OFFLINEJOIN_TEST_NBD"); path != "" {
		start(t, path, container.QCOW2, true)
		if err := os.WriteFile(path+".open", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	path := filepath.Join(t.TempDir(), "disk.qcow2")
	imagetest.Run(t, "qemu-img", "create", "-f", "qcow2", path, "1M")
	child := exec.Command(os.Args[0], "-test.run=^TestEndOfThisProcess$")
	child.Env = append(os.Environ(), "OFFLINEJOIN_TEST_NBD="+path)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() }) // it is gone already when the test went well
	within(t, "the image is open", func() bool { _, err := os.Stat(path + ".open"); return err == nil })
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	within(t, "the image is free", func() bool {
		d, err := nbd.Start(t.Context(), nbd.Options{Path: path, Format: container.QCOW2, Change: true})
		if err == nil {
			end(t, d)
		}
		return err == nil
	})
	within(t, "qemu-nbd has ended", func() bool { return running(t, path) == "" })
}

// TestKilledWhileQemuStarts kills programs at any time while qemu-nbd starts for them: a signal that it does not hear must not leave it
// with the image.
func TestKilledWhileQemuStarts(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "qemu-nbd")
	if path := os.Getenv("OFFLINEJOIN_TEST_NBD_STARTS"); path != "" {
		for {
			d, err := nbd.Start(t.Context(), nbd.Options{Path: path, Format: container.VMDK})
			if err == nil {
				_ = d.Close()
			}
		}
	}
	path := filepath.Join(t.TempDir(), "disk.vmdk")
	imagetest.Run(t, "qemu-img", "create", "-f", "vmdk", path, "10M")
	rounds := 20
	if os.Getenv("OFFLINEJOIN_LONG") == "1" {
		rounds = 400
	}
	for round := range rounds {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileQemuStarts$")
		child.Env = append(os.Environ(), "OFFLINEJOIN_TEST_NBD_STARTS="+path)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		within(t, "qemu-nbd has been started", func() bool { return running(t, path) != "" })
		time.Sleep(time.Duration(round%40) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // killed
		within(t, "qemu-nbd has ended", func() bool { return running(t, path) == "" })
	}
}

// within waits for something to become true.
func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not yet: %s", what)
}

// running returns the command line of a process that has the image's path among its arguments.
func running(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("ps", "-e", "-o", "args").Output()
	if err != nil {
		t.Skip("skipped: the processes cannot be listed: ", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, path) {
			return line
		}
	}
	return ""
}

// gone fails when qemu-nbd is still there.
func gone(t *testing.T, path string) {
	t.Helper()
	if line := running(t, path); line != "" {
		t.Errorf("still running: %s", line)
	}
}
