package sampletest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Device is a file system of its own, whose every byte can be looked at.
type Device struct {
	t        testing.TB
	file     string
	Dir      string // where it is mounted
	released bool
}

// deviceSize is the size of a [Device] in bytes, largeSize of one whose file system takes no smaller one.
const (
	deviceSize = 40 << 20
	largeSize  = 200 << 20
)

// NewDevice makes and mounts an ext4 file system, for the time of a test. It skips the test where nobody may mount.
func NewDevice(t testing.TB) *Device {
	t.Helper()
	return newDevice(t, deviceSize, []string{testenv.Tool(t, "mkfs.ext4"), "-q"}, []string{testenv.Tool(t, "mount"), "-o", "loop,nodiscard"})
}

// NewCopyOnWriteDevice is [NewDevice] with btrfs, which writes changes to another place.
func NewCopyOnWriteDevice(t testing.TB) *Device {
	t.Helper()
	return newDevice(t, largeSize, []string{testenv.Tool(t, "mkfs.btrfs"), "-q"}, []string{testenv.Tool(t, "mount"), "-o", "loop"})
}

// NewNTFSDevice is [NewDevice] with NTFS, mounted by ntfs-3g for root alone.
func NewNTFSDevice(t testing.TB) *Device {
	t.Helper()
	return newDevice(t, deviceSize, []string{testenv.Tool(t, "mkntfs"), "-F", "-Q", "-q"}, []string{testenv.Tool(t, "ntfs-3g"), "-o", "umask=077"})
}

func newDevice(t testing.TB, size int64, format, mount []string) *Device {
	t.Helper()
	d := &Device{t: t, file: filepath.Join(t.TempDir(), "device"), Dir: t.TempDir()}
	if err := os.WriteFile(d.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.file, size); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), format[0], append(format[1:], d.file)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", format[0], err, out)
	}
	if out, err := exec.CommandContext(t.Context(), mount[0], append(mount[1:], d.file, d.Dir)...).CombinedOutput(); err != nil {
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
	testenv.Unmount(d.t, d.Dir)
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
