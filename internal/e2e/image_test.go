package e2e

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// realImage makes below dir the Windows directory of a Windows 10 1709 that was not shut down cleanly, out of hives of
// real machines; only SOFTWARE is ours. It returns the directory.
func realImage(t testing.TB, dir string) string {
	t.Helper()
	windows := imageOf(t, dir, map[string]string{
		"SYSTEM":        "win10-1709-x64-dirty/SYSTEM",
		"SYSTEM.LOG1":   "win10-1709-x64-dirty/SYSTEM.LOG1",
		"SYSTEM.LOG2":   "win10-1709-x64-dirty/SYSTEM.LOG2",
		"SECURITY":      "win10-rathbunvm/SECURITY",
		"SECURITY.LOG1": "win10-rathbunvm/SECURITY.LOG1",
		"SAM":           "win10-rathbunvm/SAM",
		"SAM.LOG1":      "win10-rathbunvm/SAM.LOG1",
		"SAM.LOG2":      "win10-rathbunvm/SAM.LOG2",
	})
	must(t, sample.WriteHive(configOf(windows), "SOFTWARE", sample.Image{
		ProductName: "Windows 10 Pro", EditionID: "Professional", InstallationType: "Client", Build: "16299", UBR: 15,
	}))
	return windows
}

// imageOf makes a Windows directory of hives in the shared test data: name in config → name there.
func imageOf(t testing.TB, dir string, hives map[string]string) string {
	t.Helper()
	windows := filepath.Join(dir, "Windows")
	must(t, os.MkdirAll(configOf(windows), 0o755))
	for name, from := range hives {
		must(t, os.WriteFile(filepath.Join(configOf(windows), name), realHive(t, from), 0o600))
	}
	return windows
}

func realHive(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(testenv.Shared(t, "testdata/hives/"+name+".gz"))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	data, err := io.ReadAll(z)
	must(t, err)
	return data
}

// sampleImage makes below dir the Windows directory that `offlinejoin demo` shows.
func sampleImage(t testing.TB, dir string) string {
	t.Helper()
	windows, err := sample.WriteTree(dir, sample.Image{})
	must(t, err)
	return windows
}

func configOf(windows string) string { return filepath.Join(windows, "System32", "config") }
