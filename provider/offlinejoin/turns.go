package offlinejoin

import (
	"cmp"
	"context"
	"path/filepath"
	"sync"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// turns lets one resource of a run at a time work on an image, from looking at it to the last word about it. Terraform plans,
// creates and destroys in whatever order it comes to; and a join that is being taken back is out of the image before the ledger
// is told, so that whoever looked in between would find the account in use by an image that does not hold it.
type turns struct {
	mu sync.Mutex
	of map[string]chan struct{} // by place; one element: somebody is at it
}

// take waits for the turn of an image, or until ctx is done, and returns what ends it.
func (t *turns) take(ctx context.Context, at core.Image) (done func()) {
	place := placeOfTurn(at)
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]chan struct{}{}
	}
	turn, is := t.of[place]
	if !is {
		turn = make(chan struct{}, 1)
		t.of[place] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }
	case <-ctx.Done():
		return func() {} // what is done with ctx then says why it ends
	}
}

// placeOfTurn is the path of what is changed: the new disk, the disk image file, or the Windows directory.
func placeOfTurn(at core.Image) string {
	path := cmp.Or(at.NewPath(), at.ImagePath, at.WindowsPath)
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
