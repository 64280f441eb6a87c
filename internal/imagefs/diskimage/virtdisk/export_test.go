package virtdisk

import (
	"context"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
)

// Fake is a Windows for tests of whole joins.
type Fake struct{ *fake }

// NewFake makes a fake with a golden disk that holds a Windows.
func NewFake(t *testing.T) Fake { t.Helper(); return Fake{newFake(t)} }

// Open implements imagefs.Opener.
func (f Fake) Open(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	return f.system().openAt(ctx, at, mode)
}

// Over is the location of a new disk that stands on the golden one.
func (f Fake) Over(name string) imagefs.Location { return f.over(name) }

// Golden returns the folder of the golden Windows' drive.
func (f Fake) Golden() string { return f.disks[f.golden][1].folder }

// Calls returns the calls since it was called last.
func (f Fake) Calls() []string {
	calls := f.calls
	f.calls = nil
	return calls
}

// Left checks that nothing is open or attached, and returns the files beside the golden disk.
func (f Fake) Left() []string { f.t.Helper(); return f.left() }

// FailAt lets the call with that number fail, and Failed returns which one did.
func (f Fake) FailAt(n int)   { f.failAt = n }
func (f Fake) Failed() string { return f.failed }

// Dirty marks the golden volume.
func (f Fake) Dirty() { f.disks[f.golden][1].dirty = volumeIsDirty }
