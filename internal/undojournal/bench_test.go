package undojournal_test

import (
	"bytes"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// BenchmarkWrite makes a change as large as a join's: a new file of 1.8 MiB, as a fill (raw, qcow2, vhd) or in a group of
// its own (vhdx), and 65 sectors in five groups.
func BenchmarkWrite(b *testing.B) {
	const size, sectors = 64 << 20, 65
	for _, asFill := range []bool{true, false} {
		b.Run(map[bool]string{true: "fill", false: "group"}[asFill], func(b *testing.B) {
			f, d, _ := onDisk(b, bytes.Repeat([]byte{'o'}, size))
			for i := byte(0); b.Loop(); i++ {
				c := undojournal.Change{Size: size, Groups: make([][]undojournal.Piece, 6)}
				file := []undojournal.Piece{{Off: size / 2, Data: bytes.Repeat([]byte{i}, 1_860_000)}}
				if asFill {
					c.Fills = file
				} else {
					c.Groups[0] = file
				}
				for k := range int64(sectors) {
					p := undojournal.Piece{Off: k * 40960, Data: bytes.Repeat([]byte{i}, sectorSize)}
					c.Groups[1+k%5] = append(c.Groups[1+k%5], p)
				}
				cost, err := undojournal.Write(f, d, journalName, c, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(cost.Bytes), "written-B/op")
				b.ReportMetric(float64(cost.Syncs), "syncs/op")
			}
		})
	}
}
