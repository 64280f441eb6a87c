package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// makeVolume: `volume DIR FILE` makes a raw disk image of one NTFS volume with DIR/Windows in it.
func (s *state) makeVolume(abs func(string) string, args []string) {
	must(s.tb, os.Rename(sampletest.VolumeOf(s.tb, filepath.Join(abs(args[0]), "Windows")), abs(args[1])))
}

// takeOut: `takeout IMAGE DIR NAME…` reads files of the Windows in a disk image file back into DIR/Windows. They are read by
// qemu-img and ntfscat where both are installed, and those must read what our own reader reads; else by that alone.
func (s *state) takeOut(abs func(string) string, args []string) {
	if len(args) < 3 {
		s.tb.Fatal("takeout wants an image, a folder and names")
	}
	image := abs(args[0])
	var at imagefs.Location
	at.ImagePath = image
	session, err := open.Image(s.tb.Context(), at, imagefs.Read)
	must(s.tb, err)
	defer func() { must(s.tb, session.Close()) }()
	volume := independentVolume(s.tb, image)
	for _, name := range args[2:] {
		content := readInside(s.tb, session, name)
		if volume != "" {
			theirs, err := ntfscat(s.tb, volume, name)
			must(s.tb, err)
			if !bytes.Equal(theirs, content) {
				s.tb.Errorf("ntfscat reads %d other bytes of %s than we do (%d)", len(theirs), name, len(content))
			}
			content = theirs
		}
		to := filepath.Join(abs(args[1]), "Windows", filepath.FromSlash(name))
		must(s.tb, os.MkdirAll(filepath.Dir(to), 0o700))
		must(s.tb, os.WriteFile(to, content, 0o600))
	}
}

func readInside(t testing.TB, session imagefs.Session, name string) []byte {
	t.Helper()
	f, err := session.Open(session.Windows() + "/" + name)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	info, err := session.Stat(session.Windows() + "/" + name)
	must(t, err)
	content, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size))
	must(t, err)
	return content
}

// independentVolume writes the disk of an image, with all that it stands on, to a raw file by qemu-img, and cuts out of it the
// volume in which ntfscat finds a Windows. It returns "" where one of the two is not installed.
func independentVolume(t testing.TB, image string) string {
	t.Helper()
	for _, tool := range []string{"qemu-img", "ntfscat"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed: %s is read back by our own reader alone", tool, image)
			return ""
		}
	}
	raw := filepath.Join(t.TempDir(), "disk.raw")
	if out, err := exec.CommandContext(t.Context(), "qemu-img", "convert", "-O", "raw", image, raw).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img convert: %v\n%s", err, out)
	}
	disk, err := os.Open(raw)
	must(t, err)
	defer func() { _ = disk.Close() }() // only read
	boot := make([]byte, 512)
	const alignment = 1 << 20 // of partitions
	for off := int64(0); ; off += alignment {
		if _, err := disk.ReadAt(boot, off); errors.Is(err, io.EOF) {
			t.Fatalf("ntfscat finds no Windows in %s", image)
		} else {
			must(t, err)
		}
		if string(boot[3:11]) != "NTFS    " { // the boot sector's name of the file system
			continue
		}
		volume := filepath.Join(t.TempDir(), "volume.raw")
		sectors := int64(binary.LittleEndian.Uint64(boot[0x28:]))
		cut(t, io.NewSectionReader(disk, off, (sectors+1)*512), volume)
		if _, err := ntfscat(t, volume, "System32/config/SYSTEM"); err == nil {
			return volume
		}
	}
}

func cut(t testing.TB, from io.Reader, file string) {
	t.Helper()
	content, err := io.ReadAll(from)
	must(t, err)
	must(t, os.WriteFile(file, content, 0o600))
}

func ntfscat(t testing.TB, volume, name string) ([]byte, error) {
	return exec.CommandContext(t.Context(), "ntfscat", "-f", volume, "Windows/"+name).Output()
}
