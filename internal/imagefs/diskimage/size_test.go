package diskimage_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestOverlaySize holds overlays to the sizes that are promised, with the SYSTEM hives of real machines: one of 12 MB that was not
// closed cleanly, and one that was.
func TestOverlaySize(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	for _, c := range []struct {
		name, hive string
		logs       []string
		im         sample.Image
		close      bool // the hive is closed cleanly first
		most       int64
	}{
		{
			name: "registry, clean", hive: "win10-1709-x64-dirty", logs: []string{"SYSTEM.LOG1", "SYSTEM.LOG2"}, close: true,
			most: 3_200_000,
		},
		{name: "answer file, clean", hive: "", im: methods()[core.MethodAnswerFile], most: 1 * mb},
		{name: "registry, dirty", hive: "win10-1709-x64-dirty", logs: []string{"SYSTEM.LOG1", "SYSTEM.LOG2"}, most: 10 * mb},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			windows := sampletest.Image(t, c.im)
			for _, name := range append([]string{"SYSTEM"}, c.logs...) {
				if c.hive != "" {
					unpack(t, testenv.Shared(t, "testdata/hives/"+c.hive+"/"+name+".gz"), filepath.Join(windows, "System32", "config", name))
				}
			}
			if c.close {
				sampletest.CloseHive(t, windows)
			}
			golden := convert(t, inMBR(t, sampletest.VolumeOf(t, windows)), "", nil)
			place := at(golden)
			place.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
			blob, _ := blobFor(t, "WEB01", 1107)
			receipt, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
			must(t, err)
			t.Logf("%d bytes, by %s", receipt.NewDisk.Size, receipt.Method)
			if receipt.NewDisk.Size > c.most {
				t.Errorf("more than %d", c.most)
			}
			expectState(t, place.OverlayPath, core.StateStaged, "WEB01")
		})
	}
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	packed, err := os.ReadFile(from)
	must(t, err)
	r, err := gzip.NewReader(bytes.NewReader(packed))
	must(t, err)
	data, err := io.ReadAll(r)
	must(t, err)
	must(t, os.WriteFile(to, data, 0o600))
}
