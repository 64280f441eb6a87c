// Package open opens an image of any kind: it is the only package that knows them all.
package open

import (
	"context"
	"time"

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

// MakesDifferencing reports whether the new disk of a location is a differencing disk, which Windows makes (package virtdisk).
func MakesDifferencing(at imagefs.Location) bool { return virtdisk.Makes(at, imagefs.Write) }

// HoldDisk opens a disk image file so that others cannot change it, or cannot even open it, whatever is in it (package
// diskimage).
func HoldDisk(ctx context.Context, path string, exclusive bool, wait time.Duration) (*diskimage.Held, error) {
	return diskimage.Hold(ctx, path, exclusive, wait)
}

// HasJournal reports whether an interrupted edit of the disk image file at path has left its journal (package diskimage).
func HasJournal(path string) bool { return diskimage.HasJournal(path) }
