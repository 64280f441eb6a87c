package diskimage

import (
	"bytes"

	"github.com/offlinejoin/offlinejoin/internal/undojournal"
)

// ChangeOf returns a copy of the change of the file that Commit of a prepared session carries out.
func ChangeOf(s *Session) undojournal.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := undojournal.Change{Size: s.prepared.change.Size, Fills: clonePieces(s.prepared.change.Fills)}
	for _, g := range s.prepared.change.Groups {
		c.Groups = append(c.Groups, clonePieces(g))
	}
	return c
}

func clonePieces(in []undojournal.Piece) []undojournal.Piece {
	out := make([]undojournal.Piece, len(in))
	for i, p := range in {
		out[i] = p
		out[i].Data = bytes.Clone(p.Data)
	}
	return out
}
