package disk

import (
	"context"
	"errors"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/nbd"
)

// engine is an image that qemu-nbd reads. It is not changed in place.
type engine struct {
	*nbd.Disk
	format  container.Format
	file    io.Closer // which has the lock
	refused error     // why this program does not read it itself
}

var _ container.Container = (*engine)(nil)

// readByEngine has qemu-nbd read an image that was refused, where it can: sparse and split VMDK, whose extents have been
// looked at. qcow2 images name other files in ways that are not looked at, and stay refused. The error is the refusal, or that
// of the engine.
func readByEngine(ctx context.Context, path string, format container.Format, file io.Closer, refused error) (container.Container, error) {
	r, ok := errors.AsType[*container.Refused](refused)
	if !ok || format != container.VMDK || r.Kind != container.Sparse {
		return nil, refused
	}
	if _, err := nbd.Find(); err != nil {
		return nil, err
	}
	d, err := nbd.Start(ctx, nbd.Options{Path: path, Format: format})
	if err != nil {
		return nil, err
	}
	return &engine{d, format, file, refused}, nil
}

// Format implements [container.Container].
func (e *engine) Format() container.Format { return e.format }

// InPlace returns the refusal.
func (e *engine) InPlace() error { return e.refused }

// Room implements [container.Container].
func (e *engine) Room(int64, int64) bool { return false }

// Plan implements [container.Container].
func (e *engine) Plan([]container.Write) (*container.FilePlan, error) { return nil, e.refused }

// Close ends the engine, and gives the lock back.
func (e *engine) Close() error { return errors.Join(e.Disk.Close(), e.file.Close()) }
