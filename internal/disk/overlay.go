package disk

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// Overlay makes a new qcow2 image at dst that stands on this one and differs from it by the writes. See [qcow2.Overlay] for
// what it promises and which errors it returns.
func (i *Image) Overlay(ctx context.Context, w []container.Write, dst string, o qcow2.OverlayOptions) (qcow2.Made, error) {
	return qcow2.Overlay(ctx, qcow2.Golden{Disk: i, Path: i.path, Format: i.Format()}, w, dst, o)
}
