package imagefs

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// ntfsVolume makes an NTFS volume in a file.
func ntfsVolume(t *testing.T) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "volume.img")
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(8 << 20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(testenv.Tool(t, "mkntfs"), "-q", "-F", "-f", image).CombinedOutput(); err != nil {
		t.Fatalf("mkntfs: %v: %s", err, out)
	}
	return image
}

// setFlags writes volume flags where mkntfs has put 0, in the record and in its mirror.
func setFlags(t *testing.T, image string, flags uint16) {
	t.Helper()
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	// $VOLUME_INFORMATION: the kind, a length of 0x28 or so, resident; the value has the version 3.1 at 8.
	at := 0
	for i := 0; i+4 < len(data); i += 8 {
		if binary.LittleEndian.Uint32(data[i:]) == attrVolumeInfo && data[i+4] >= 0x20 && data[i+4] < 0x30 && data[i+8] == 0 {
			if v := i + int(data[i+20]); bytes.Equal(data[v+8:v+10], []byte{3, 1}) {
				at = v + 10
				break
			}
		}
	}
	if at == 0 {
		t.Fatal("the volume has no $VOLUME_INFORMATION")
	}
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(binary.LittleEndian.AppendUint16(nil, flags), int64(at)); err != nil {
		t.Fatal(err)
	}
}

func TestFlagsOfAnNTFSVolume(t *testing.T) {
	t.Parallel()
	image := ntfsVolume(t)
	for _, want := range []uint16{0, NTFSDirty, 0x4000, NTFSDirty | 0x8000} {
		setFlags(t, image, want)
		f, err := os.Open(image)
		if err != nil {
			t.Fatal(err)
		}
		if flags, known := readNTFSFlags(f); !known || flags != want {
			t.Errorf("flags 0x%x, %v; want 0x%x", flags, known, want)
		}
		f.Close()
	}
}

// TestNoVolumeHasNoFlags cuts and spoils a volume in many ways; nothing may be taken for dirty, or make us fail.
func TestNoVolumeHasNoFlags(t *testing.T) {
	t.Parallel()
	image := ntfsVolume(t)
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	for at := range 80 { // every byte of the boot sector that matters
		for _, b := range []byte{0, 0x7F, 0xFF} {
			spoilt := bytes.Clone(data[:1<<20])
			spoilt[at] = b
			if flags, known := readNTFSFlags(bytes.NewReader(spoilt)); known && flags != 0 {
				t.Errorf("byte %d as %d: flags 0x%x", at, b, flags)
			}
		}
	}
	for _, size := range []int{0, 11, 511, 512, 5000} {
		if _, known := readNTFSFlags(bytes.NewReader(data[:size])); known {
			t.Errorf("%d bytes have flags", size)
		}
	}
}

// TestFlagsBelowAMount mounts a volume as people do. A clean one stays clean while it is mounted and written to.
func TestFlagsBelowAMount(t *testing.T) {
	t.Parallel()
	image, dir := ntfsVolume(t), t.TempDir()
	if out, err := exec.Command(testenv.Tool(t, "ntfs-3g"), image, dir).CombinedOutput(); err != nil {
		testenv.Absent(t, "a FUSE mount: "+string(out))
		return
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // of a temporary directory
	windows := filepath.Join(dir, "Windows")
	if err := os.Mkdir(windows, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(windows, "file"), make([]byte, 100000), 0o600); err != nil {
		t.Fatal(err)
	}
	if flags, known := NTFSFlags(windows); !known || flags != 0 {
		t.Errorf("clean: flags 0x%x, %v", flags, known)
	}
	setFlags(t, image, NTFSDirty)
	if flags, known := NTFSFlags(windows); !known || flags != NTFSDirty {
		t.Errorf("dirty: flags 0x%x, %v", flags, known)
	}
	if _, known := NTFSFlags(t.TempDir()); known {
		t.Error("a directory of another file system has flags")
	}
}
