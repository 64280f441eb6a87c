package undojournal_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/undojournal/powercut"
)

// TestFresh cuts the power at each operation of changes with fresh pieces: before a group that shows that they were written,
// and with none behind them, where recovery needs their old bytes. What is left is recovered to the old or the new file.
func TestFresh(t *testing.T) {
	t.Parallel()
	old := bytes.Repeat([]byte{'o'}, 40*sectorSize)
	piece := func(off int64, n int, fresh bool) undojournal.Piece {
		return undojournal.Piece{Off: off * sectorSize, Data: bytes.Repeat([]byte{'n'}, n), Fresh: fresh}
	}
	before, fresh, after := piece(1, 700, false), piece(10, 8*sectorSize, true), piece(30, 100, false)
	back := undojournal.Piece{Off: before.Off, Data: bytes.Repeat([]byte{'o'}, 700)}
	for name, tt := range map[string]struct {
		groups  [][]undojournal.Piece
		oldKept bool // the journal holds the old bytes of the fresh sectors
	}{
		"a group behind":               {[][]undojournal.Piece{{before}, {fresh}, {after}}, false},
		"nothing behind":               {[][]undojournal.Piece{{before}, {fresh}}, true},
		"in the same group":            {[][]undojournal.Piece{{before}, {fresh, after}}, true},
		"what is behind changes back":  {[][]undojournal.Piece{{before}, {fresh}, {back}}, true},
		"behind it a sector of before": {[][]undojournal.Piece{{before, after}, {fresh}, {piece(1, 90, false)}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := trial{old: old, change: undojournal.Change{Size: int64(len(old)), Groups: tt.groups}}
			c.finish()
			r := rand.New(rand.NewPCG(14, 22))
			rehearsal := powercut.New(old)
			if _, err := undojournal.Write(rehearsal.Image(), rehearsal.Folder(), journalName, c.change, nil); err != nil {
				t.Fatal(err)
			}
			held := 0
			for cut := range rehearsal.Operations() + 1 {
				for range 20 {
					m := powercut.New(old)
					m.CutAt(cut)
					_, err := undojournal.Write(m.Image(), m.Folder(), journalName, c.change, nil)
					m = m.Reboot(r)
					held = max(held, len(undojournal.Restorable(journalOf(m))))
					settle(t, c, m, err == nil)
					if t.Failed() {
						t.Fatalf("the power failed in operation %d", cut)
					}
				}
			}
			if kept := held >= 8; kept != tt.oldKept {
				t.Errorf("the journal holds the old bytes of %d sectors", held)
			}
		})
	}
}
