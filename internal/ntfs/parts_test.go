package ntfs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// part returns a piece of a volume of the shared test data.
func part(t *testing.T, name string) []byte {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "part")
	gunzip(t, testenv.Shared(t, "testdata/volumes/parts/"+name+".gz"), dst)
	b, err := os.ReadFile(dst)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBootSectorsOfAllGeometries(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]geometry{
		"128k.boot":       {cluster: 128 << 10, recordSize: 1024, sector: 512},
		"64k.boot":        {cluster: 64 << 10, recordSize: 1024, sector: 512},
		"4k.boot":         {cluster: 4096, recordSize: 1024, sector: 512},
		"512.boot":        {cluster: 512, recordSize: 1024, sector: 512},
		"4kn.boot":        {cluster: 4096, recordSize: 4096, sector: 4096},
		"nobootcode.boot": {cluster: 4096, recordSize: 1024, sector: 512},
	} {
		g, err := readGeometry(memory(part(t, name)), 1<<62)
		if err != nil || g.cluster != want.cluster || g.recordSize != want.recordSize || g.sector != want.sector {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

func TestLogsThatWindowsWrote(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Kind{
		"LogFile_7.bin":             0,
		"LogFile_10_downgraded.bin": 0,
		"LogFile_empty.bin":         0,
		"LogFile_10.bin":            LogPending,
		"LogFile_10_large.bin":      LogPending,
	} {
		b := part(t, name)
		// The files are the beginning of larger logs.
		if err := checkLog(b[:min(len(b), 65536)], 1<<30); kindOf(err) != want || want == 0 && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordsThatWindowsWrote(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"4k-large.mft": 4096, "4k-large.mftmirr": 4096, "boot.mftmirr": 1024,
		"compressed_sparse.mft": 1024, "mapping_pairs_1.mft": 1024, "mapping_pairs_2.mft": 1024,
	} {
		b := part(t, name)
		g := &geometry{cluster: 4096, clusters: 1 << 40, recordSize: int64(size)}
		attributes := 0
		for n := 0; (n+1)*size <= len(b); n++ {
			raw := b[n*size : (n+1)*size]
			if string(raw[:4]) != "FILE" {
				continue
			}
			rec, err := parseRecord(uint64(n), raw)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			attrs, err := rec.attributes(g)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			attributes += len(attrs)
		}
		if attributes < 10 {
			t.Errorf("%s: only %d attributes", name, attributes)
		}
	}
}

func TestRunLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		bytes []byte
		fails bool
	}{
		{"one run", []byte{0x11, 0x10, 0x20, 0}, false},
		{"back and a hole", []byte{0x11, 0x10, 0x40, 0x01, 0x08, 0x11, 0x04, 0xe0, 0}, false},
		{"nothing", []byte{0}, false},
		{"no end", []byte{0x11, 0x10, 0x20}, true},
		{"cut off", []byte{0x12, 0x10}, true},
		{"no length", []byte{0x10, 0x20, 0}, true},
		{"negative length", []byte{0x11, 0x80, 0x20, 0}, true},
		{"before the volume", []byte{0x11, 0x10, 0xff, 0}, true},
		{"behind the volume", []byte{0x11, 0x70, 0x20, 0}, true},
		{"nine bytes", []byte{0x19, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x20, 0}, true},
	} {
		runs, err := decodeRuns(c.bytes, 0, 128)
		if c.fails != (err != nil) {
			t.Errorf("%s: %v, %v", c.name, runs, err)
		}
		if err == nil && string(encodeRuns(runs)) != string(c.bytes) {
			t.Errorf("%s: encoded as %x", c.name, encodeRuns(runs))
		}
	}
}
