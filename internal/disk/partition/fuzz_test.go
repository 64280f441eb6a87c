package partition_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
)

// FuzzRead reads whatever there is as a disk: partitions lie on it and apart from each other, or there is a refusal.
func FuzzRead(f *testing.F) {
	f.Add(gptDisk(120, 512, entry{basicData, 40, 59, 0, "Basic data"}, entry{efi, 60, 69, 0, ""}), uint16(0), false)
	f.Add(gptDisk(40, 4096, entry{basicData, 10, 20, 0, ""}), uint16(3), true)
	f.Add(mbrDisk()[:80*512], uint16(0), false)
	small := make([]byte, 100*512)
	bootRecord(small, entry{"\x07", 1, 9, 0, ""}, entry{"\x05", 20, 89, 0, ""})
	bootRecord(small[20*512:], entry{"\x07", 1, 9, 0, ""}, entry{"\x05", 30, 50, 0, ""})
	bootRecord(small[50*512:], entry{"\x07", 1, 9, 0, ""})
	f.Add(small, uint16(0), false)
	f.Fuzz(func(t *testing.T, b []byte, longer uint16, sealed bool) {
		b = append(bytes.Clone(b), make([]byte, longer)...)
		if sealed && len(b) >= 1024 {
			reseal(b[512:])
		}
		table, err := partition.Read(bytes.NewReader(b), int64(len(b)))
		var r *container.Refused
		if err != nil {
			if !errors.As(err, &r) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		for i, p := range table.Partitions {
			if p.Off < 0 || p.Size <= 0 || p.Off+p.Size > int64(len(b)) {
				t.Fatalf("%+v on a disk of %d bytes", p, len(b))
			}
			for _, o := range table.Partitions[:i] {
				if p.Number == o.Number || p.Off < o.Off+o.Size && o.Off < p.Off+p.Size {
					t.Fatalf("%+v and %+v", p, o)
				}
			}
		}
	})
}
