package sampletest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// VolumeSize is the size in bytes of a [Volume].
const VolumeSize = 40 << 20

// Volume makes an NTFS volume with the sample Windows in it, as a file of its own, which is a raw disk image without
// partitions, too: mkntfs formats it, and our own engine puts the files in.
func Volume(t testing.TB, im sample.Image) string {
	t.Helper()
	return VolumeOf(t, Image(t, im))
}

// VolumeOf is [Volume] with a Windows directory that is there.
func VolumeOf(t testing.TB, windows string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "volume.raw")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(VolumeSize); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(testenv.Tool(t, "mkntfs"), "-q", "-Q", "-F", "-L", "OS", "-s", "512", "-c", "4096", "-p", "2048",
		"-H", "16", "-S", "63", name).CombinedOutput()
	if err != nil {
		t.Fatalf("mkntfs: %v\n%s", err, out)
	}
	if err := fill(f, windows); err != nil {
		t.Fatal(err)
	}
	return name
}

// fill puts a tree into the volume.
func fill(f *os.File, windows string) error {
	v, err := ntfs.Open(f, VolumeSize)
	if err != nil {
		return err
	}
	tx, err := v.Begin(ntfs.Options{Now: time.Now()})
	if err != nil {
		return err
	}
	top := filepath.Dir(windows)
	err = filepath.WalkDir(windows, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if e.IsDir() {
			return tx.Mkdir(name, ntfs.CreateOptions{})
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return tx.Create(name, data, ntfs.CreateOptions{Descriptor: completion.FileSecurity()})
	})
	if err != nil {
		return err
	}
	plan, err := tx.Plan()
	if err != nil {
		return err
	}
	for _, p := range plan.Fills {
		_, one := f.WriteAt(p.Data, p.Off)
		err = errors.Join(err, one)
	}
	for _, g := range plan.Groups {
		for _, p := range g.Patches {
			_, one := f.WriteAt(p.New, p.Off)
			err = errors.Join(err, one)
		}
	}
	return err
}
