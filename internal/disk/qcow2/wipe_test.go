package qcow2_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// The old bytes of a compressed cluster stay in the file when it is replaced, unless a write says that they are secret.
func TestWipeReachesTheCompressedCluster(t *testing.T) {
	t.Parallel()
	for _, compression := range []string{"zlib", "zstd"} {
		for _, wipe := range []bool{false, true} {
			t.Run(compression, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				raw, path := filepath.Join(dir, "base.raw"), filepath.Join(dir, "image.qcow2")
				if err := os.WriteFile(raw, bytes.Repeat([]byte("the password of this machine "), 20000), 0o600); err != nil {
					t.Fatal(err)
				}
				run(t, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type="+compression, raw, path)
				_, l2, _, _ := layoutOf(t, path)
				packed := packedAt(t, path, l2+8)
				oracle := converted(t, path)
				writes := []container.Write{{Off: 65536 + 700, Data: make([]byte, 200), Wipe: wipe, Group: 3}}
				applyToOracle(t, oracle, writes)
				plan, err := mustOpen(t, path).Plan(writes)
				if err != nil {
					t.Fatal(err)
				}
				apply(t, path, plan)
				run(t, "qemu-img", "check", "-q", "-f", "qcow2", path)
				run(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", path, oracle.Name())
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(b, packed) == wipe {
					t.Errorf("the old compressed cluster is still there: %v, wiped: %v", !wipe, wipe)
				}
			})
		}
	}
}

// packedAt returns the first bytes of the compressed cluster that an L2 entry points to.
func packedAt(t *testing.T, path string, entry int64) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 8)
	if _, err := f.ReadAt(b, entry); err != nil {
		t.Fatal(err)
	}
	e := binary.BigEndian.Uint64(b)
	if e&(1<<62) == 0 {
		t.Fatalf("the entry 0x%x is not of a compressed cluster", e)
	}
	packed := make([]byte, 60)
	if _, err := f.ReadAt(packed, int64(e&(1<<54-1))); err != nil {
		t.Fatal(err)
	}
	return packed
}
