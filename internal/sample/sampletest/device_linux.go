package sampletest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Device is an ext4 file system of its own, whose every byte can be looked at.
type Device struct {
	t        testing.TB
	file     string
	Dir      string // where it is mounted
	released bool
}

// NewDevice makes and mounts one, for the time of a test. It skips the test where nobody may mount.
func NewDevice(t testing.TB) *Device {
	t.Helper()
	const size = 40 << 20
	d := &Device{t: t, file: filepath.Join(t.TempDir(), "device"), Dir: t.TempDir()}
	if err := os.WriteFile(d.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.file, size); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), testenv.Tool(t, "mkfs.ext4"), "-q", d.file).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	mount := exec.CommandContext(t.Context(), testenv.Tool(t, "mount"), "-o", "loop,nodiscard", d.file, d.Dir)
	if out, err := mount.CombinedOutput(); err != nil {
		t.Skipf("skipped: cannot mount a file here: %v: %s", err, out)
	}
	t.Cleanup(d.release)
	return d
}

func (d *Device) release() {
	if d.released {
		return
	}
	d.released = true
	if out, err := exec.Command("umount", d.Dir).CombinedOutput(); err != nil {
		d.t.Errorf("umount: %v\n%s", err, out)
	}
}

// Bytes unmounts the device and returns all that is on it, free blocks and journal with it.
func (d *Device) Bytes() []byte {
	d.t.Helper()
	d.release()
	content, err := os.ReadFile(d.file)
	if err != nil {
		d.t.Fatal(err)
	}
	return content
}
