// Package open opens an image of any kind: it is the only package that knows them all.
package open

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage/virtdisk"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Image opens the image at a location; it is the imagefs.Opener of everybody who has no other. Errors are those of the
// kinds, and 50 for an image on another machine, which only a front end with a connection to it can open.
func Image(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	if at.ImagePath != "" {
		return diskFile(ctx, at, mode)
	}
	if at.Machine != "" {
		return nil, winerr.Errorf(winerr.NotSupported, "%s is on another machine: run offlinejoin there, or use Packer's "+
			"provisioner with remote = true", at)
	}
	s, err := localdir.Open(at.WindowsPath)
	if err != nil {
		return nil, err // not a nil *Session in an interface
	}
	return s, nil
}

// diskFile opens a disk image file: by our own engine, and differencing disks by Windows where that is the host.
func diskFile(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	if virtdisk.Makes(at, mode) {
		return virtdisk.Open(ctx, at, mode)
	}
	s, err := diskimage.Open(ctx, at, mode)
	if virtdisk.Opens(at, err) {
		return virtdisk.Open(ctx, at, mode)
	}
	if err != nil {
		return nil, err // not a nil *Session in an interface
	}
	return s, nil
}
