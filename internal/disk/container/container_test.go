package container_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

func TestApplyWritesInOrder(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	piece := func(off int64, s string) container.Piece { return container.Piece{Off: off, Data: []byte(s)} }
	plan := &container.FilePlan{
		Fills:  []container.Piece{piece(0, "fill"), piece(2, "FILL")},
		Groups: [][]container.Piece{{piece(4, "one"), piece(5, "1")}, {piece(6, "two")}},
		Size:   11,
	}
	if err := plan.Apply(f); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if want := "fiFIo1two\x00\x00"; err != nil || string(b) != want {
		t.Errorf("%q, %v; want %q", b, err, want)
	}
}

var errFull = errors.New("no space left")

// full is a file on a disk that gets full.
type full struct{ left int }

func (f *full) Truncate(int64) error { return nil }

func (f *full) WriteAt(p []byte, _ int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestApplyReturnsTheFirstError(t *testing.T) {
	t.Parallel()
	piece := container.Piece{Data: []byte("x")}
	plan := &container.FilePlan{Fills: []container.Piece{piece}, Groups: [][]container.Piece{{piece}, {piece}}}
	for writes := range 3 {
		if err := plan.Apply(&full{left: writes}); !errors.Is(err, errFull) {
			t.Errorf("after %d writes: %v", writes, err)
		}
	}
	if err := plan.Apply(&full{left: 3}); err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		refused container.Refused
		words   string
		engine  bool
	}{
		{container.Refused{Kind: container.Snapshots, Detail: "2 of them"}, "has snapshots inside: 2 of them", true},
		{container.Refused{Kind: container.Encrypted}, "is encrypted", false},
		{container.Refused{Kind: container.Sparse}, "is a sparse or split VMDK", true},
		{container.Refused{Kind: container.Corrupt}, "is damaged", false},
	} {
		if c.refused.Error() != c.words || c.refused.Engine() != c.engine {
			t.Errorf("%q, %v; want %q, %v", c.refused.Error(), c.refused.Engine(), c.words, c.engine)
		}
	}
}
