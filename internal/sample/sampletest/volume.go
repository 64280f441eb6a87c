package sampletest

import (
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
)

// VolumeSize is the size in bytes of a [Volume].
const VolumeSize = golden.VolumeSize

// Volume makes an NTFS volume with the sample Windows in it, as a file of its own, which is a raw disk image without
// partitions, too.
func Volume(t testing.TB, im sample.Image) string {
	t.Helper()
	return written(t, "volume.raw", golden.WriteVolume, im)
}

// VolumeOf is [Volume] with a Windows directory that is there.
func VolumeOf(t testing.TB, windows string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "volume.raw")
	if err := golden.WriteVolumeOf(path, windows); err != nil {
		t.Fatal(err)
	}
	return path
}

// FillVolume puts a Windows directory into the NTFS volume that is all of a file.
func FillVolume(t testing.TB, file, windows string) {
	t.Helper()
	if err := golden.FillVolume(file, windows); err != nil {
		t.Fatal(err)
	}
}

// Golden makes a golden qcow2 image: a disk whose third partition has the sample Windows.
func Golden(t testing.TB, im sample.Image) string {
	t.Helper()
	return written(t, "golden.qcow2", golden.WriteDisk, im)
}

func written(t testing.TB, name string, write func(string, sample.Image) error, im sample.Image) string {
	t.Helper()
	stageable(t)
	path := filepath.Join(t.TempDir(), name)
	if err := write(path, im); err != nil {
		t.Fatal(err)
	}
	return path
}
