package sampletest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Disk makes a qcow2 disk with the sample Windows in it: qemu-img converts a [Volume].
func Disk(t testing.TB, im sample.Image) string {
	t.Helper()
	disk := filepath.Join(t.TempDir(), "golden.qcow2")
	out, err := exec.Command(testenv.Tool(t, "qemu-img"), "convert", "-f", "raw", "-O", "qcow2", Volume(t, im), disk).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-img: %v\n%s", err, out)
	}
	return disk
}

// BlobInDisk reads the blob of a staged join out of a qcow2 disk, an overlay too, with the tools of others: qemu-img flattens
// the disk, and ntfscat reads the SYSTEM hive out of its volume.
func BlobInDisk(t testing.TB, disk string) *odj.Blob {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "flat.raw")
	if out, err := exec.Command(testenv.Tool(t, "qemu-img"), "convert", "-O", "raw", disk, raw).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img: %v\n%s", err, out)
	}
	defer os.RemoveAll(raw)
	hive, err := exec.Command(testenv.Tool(t, "ntfscat"), raw, "/Windows/System32/config/SYSTEM").Output()
	if err != nil {
		t.Fatalf("ntfscat: %v", err)
	}
	blob, err := blobIn(regf.Files{Primary: regf.NewMemFile(hive), AsIs: true})
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// BlobInTree reads the blob of a staged join out of the SYSTEM hive of a mounted tree and its logs, which hold it after a crash.
func BlobInTree(t testing.TB, windowsPath string) *odj.Blob {
	t.Helper()
	file := func(suffix string) regf.File {
		data, err := os.ReadFile(filepath.Join(windowsPath, "System32", "config", "SYSTEM"+suffix))
		if err != nil {
			return nil
		}
		return regf.NewMemFile(data)
	}
	blob, err := blobIn(regf.Files{Primary: file(""), Log1: file(".LOG1"), Log2: file(".LOG2")})
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

func blobIn(hive regf.Files) (*odj.Blob, error) {
	h, err := regf.Open(hive)
	if err != nil {
		return nil, err
	}
	key, err := h.Key(completion.Key)
	if err != nil {
		return nil, err
	}
	value, err := key.Value(completion.ValueProvisioningBlob)
	if err != nil {
		return nil, err
	}
	data, err := value.Data()
	if err != nil {
		return nil, err
	}
	return odj.Parse(data)
}
