package extent_test

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/extent"
)

// stripes is a disk of 40 bytes in stretches of ten: in the file at 100, absent, in the file at 0, in the file at 50.
type stripes struct{ file io.ReaderAt }

func (s stripes) Size() int64 { return 40 }

func (s stripes) Locate(off int64) (extent.Span, error) {
	in := off % 10
	at := map[int64]int64{0: 100, 2: 0, 3: 50}
	if begin, ok := at[off/10]; ok {
		return extent.Span{N: 10 - in, File: s.file, Off: begin + in}, nil
	}
	return extent.Span{N: 10 - in}, nil
}

func disk(length int) stripes {
	return stripes{strings.NewReader(strings.Repeat("0123456789abcdefghij", 6)[:length])}
}

func TestReadAt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		off  int64
		n    int
		want string
		err  error
	}{
		"all":            {0, 40, "0123456789" + strings.Repeat("\x00", 10) + "0123456789abcdefghij", nil},
		"over a border":  {18, 5, "\x00\x00012", nil},
		"at the end":     {38, 5, "ij", io.EOF},
		"behind the end": {41, 5, "", io.EOF},
		"nothing":        {5, 0, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := []byte(strings.Repeat("?", tt.n))
			n, err := extent.ReadAt(disk(120), p, tt.off)
			if string(p[:n]) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%q, %v", p[:n], err)
			}
		})
	}
	if _, err := extent.ReadAt(disk(120), make([]byte, 1), -1); err == nil {
		t.Error("a negative offset")
	}
	n, err := extent.ReadAt(disk(105), make([]byte, 10), 0)
	if r, ok := errors.AsType[*container.Refused](err); !ok || r.Kind != container.Truncated || n != 5 {
		t.Errorf("a file that is too short: %d, %v", n, err)
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		off, n int64
		want   bool
	}{
		{0, 10, true},
		{0, 11, false},
		{9, 1, true},
		{10, 1, false},
		{20, 20, true},
		{20, 21, false},
		{40, 0, true},
		{40, 1, false},
		{-1, 1, false},
		{0, -1, false},
		{1 << 62, 1 << 62, false},
	} {
		if got := extent.Room(disk(120), tt.off, tt.n); got != tt.want {
			t.Errorf("room for %d at %d: %v", tt.n, tt.off, got)
		}
	}
}

// TestPieces: fresh writes come apart, groups ascending, and in each the order stays; a write is cut along the stretches.
func TestPieces(t *testing.T) {
	t.Parallel()
	fresh, groups, err := extent.Pieces(disk(120), []container.Write{
		{Off: 0, Data: []byte("late"), Group: 7},
		{Off: 1, Data: []byte("x"), Fresh: true, Group: 9},
		{Off: 28, Data: []byte("cut!"), Group: -1, Wipe: true},
		{Off: 2, Data: []byte("later"), Group: 7},
		{Off: 12, Data: make([]byte, 3), Group: 3, Wipe: true}, // absent, and no secret there
		{Off: 0, Data: []byte("y"), Fresh: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []container.Piece{{Off: 101, Data: []byte("x")}, {Off: 100, Data: []byte("y")}}; !reflect.DeepEqual(fresh, want) {
		t.Errorf("fresh: %v", fresh)
	}
	want := [][]container.Piece{
		{{Off: 8, Data: []byte("cu"), Wipe: true}, {Off: 50, Data: []byte("t!"), Wipe: true}},
		{{Off: 100, Data: []byte("late")}, {Off: 102, Data: []byte("later")}},
	}
	if !reflect.DeepEqual(groups, want) {
		t.Errorf("groups: %v", groups)
	}
	for name, w := range map[string]container.Write{
		"absent":         {Off: 15, Data: []byte("x")},
		"absent, zeros":  {Off: 15, Data: make([]byte, 1)},
		"absent, wiped":  {Off: 15, Data: []byte("x"), Wipe: true},
		"reaches absent": {Off: 5, Data: make([]byte, 6)},
		"behind the end": {Off: 39, Data: []byte("xx")},
		"before":         {Off: -1, Data: []byte("x")},
	} {
		_, _, err := extent.Pieces(disk(120), []container.Write{w})
		if _, ok := errors.AsType[*container.Refused](err); !ok {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
