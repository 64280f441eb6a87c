package virtdisk

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// newOverlay is a visit to a differencing disk that is being made. It has a temporary name, which begins with .offlinejoin-,
// until Commit gives it its own; closing it without that removes it. A process that is ended by force leaves it behind.
type newOverlay struct {
	*Session
	temporary string
}

var _ imagefs.Deferred = (*newOverlay)(nil)

// makeOverlay opens a new differencing disk over the golden one in mode [imagefs.Write]; else the golden one, read-only, to
// plan on.
func (sys *system) makeOverlay(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	golden, err := filepath.Abs(at.ImagePath)
	if err != nil {
		return nil, imagefs.Wrap(imagefs.OpOpen, at.ImagePath, err)
	}
	path, err := filepath.Abs(at.OverlayPath)
	if err != nil {
		return nil, imagefs.Wrap(imagefs.OpCreate, at.OverlayPath, err)
	}
	device, err := deviceOf(golden)
	if err != nil {
		return nil, err
	}
	if wanted, _ := deviceByName(path); wanted != device {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s would be a differencing disk, whose name ends as that of the disk it "+
			"stands on, and %s is of the other format: give it the ending of that (.vhdx, .vhd), or one of neither for a qcow2 overlay",
			plaintext.Line(at.OverlayPath, 0), plaintext.Line(at.ImagePath, 0))
	}
	made := &imagefs.NewDisk{Path: at.OverlayPath, Golden: at.ImagePath, Overlay: true}
	if mode != imagefs.Write {
		s, err := openInTurn(ctx, sys, golden, device, at.Partition, true)
		if err != nil {
			return nil, err
		}
		s.made = made
		return s, nil
	}
	if err := sys.mayAttach(ctx, path); err != nil {
		return nil, err
	}
	temporary := filepath.Join(filepath.Dir(path), ".offlinejoin-"+rand.Text()+filepath.Ext(path))
	if err := sys.create(temporary, golden, device); err != nil {
		return nil, errors.Join(err, removeIfThere(temporary))
	}
	s, err := openInTurn(ctx, sys, temporary, device, at.Partition, false)
	if err != nil {
		return nil, errors.Join(err, removeIfThere(temporary))
	}
	s.made = made
	return &newOverlay{s, temporary}, nil
}

// turns is how often an overlay, or its golden disk, is attached before it is given up: each time it is looked at as long as find
// waits.
const turns = 20

// openInTurn is open for disks of which others are attached at the same time that have the same identifiers, since they stand
// on the same golden disk: by this process or another one. Windows keeps all but one offline (documented for disks; inferred for
// differencing ones), and leaves a disk that is offline as it is (inferred): so it is detached and attached again.
func openInTurn(ctx context.Context, sys *system, file string, device uint32, partition int, readOnly bool) (*Session, error) {
	for n := 1; ; n++ {
		s, err := open(ctx, sys, file, device, partition, readOnly)
		if _, offline := errors.AsType[*collision](err); !offline || n == turns {
			return s, err
		}
	}
}

// create makes a differencing disk. Sizes are the parent's: MaximumSize must be 0 then (documented).
func (sys *system) create(path, parent string, device uint32) error {
	name, err := sys.utf16(parent)
	if err != nil {
		return failed("read", parent, err)
	}
	kind := microsoft(device)
	p := createParameters{Version: createVersion2, ParentPath: name, ParentVirtualStorageType: kind}
	h, err := sys.createVirtualDisk(&kind, path, accessNone, createFlagNone, &p)
	if err != nil {
		return failed("made", path, err)
	}
	return failed("made", path, sys.closeHandle(h))
}

// Secret implements imagefs.Deferred. The golden disk keeps what it holds; nothing else had it.
func (*newOverlay) Secret([]byte) {}

// KeepsOld implements imagefs.Deferred.
func (*newOverlay) KeepsOld() bool { return false }

// Commit implements imagefs.Session: the disk is detached, and gets its name unless that exists by now.
func (o *newOverlay) Commit(ctx context.Context) (imagefs.Cost, error) {
	if o.closed {
		return imagefs.Cost{}, fs.ErrClosed
	}
	cost, err := o.Session.Commit(ctx)
	if err = errors.Join(err, ctx.Err(), o.Session.Close()); err != nil {
		return imagefs.Cost{}, err
	}
	path, err := filepath.Abs(o.made.Path)
	if err == nil {
		err = o.disk.sys.moveFile(o.temporary, path)
		if exists(err) { // it did not when the session was opened
			return imagefs.Cost{}, imagefs.MadeMeanwhile(o.made.Path)
		}
		err = failed("given its name", path, err)
	}
	if err != nil {
		return imagefs.Cost{}, err
	}
	o.temporary = ""
	o.made.Size, err = fileSize(path)
	return cost, err
}

// exists reports whether an error of Windows says that a file is there already.
func exists(err error) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && (uint32(errno) == errorFileExists || uint32(errno) == errorAlreadyExists)
}

// Close implements imagefs.Session.
func (o *newOverlay) Close() error {
	err := o.Session.Close()
	if o.temporary == "" {
		return err
	}
	return errors.Join(err, removeIfThere(o.temporary))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return imagefs.Wrap(imagefs.OpRemove, path, imagefs.FromSystem(err))
	}
	return nil
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, imagefs.Wrap(imagefs.OpRead, path, imagefs.FromSystem(err))
	}
	return info.Size(), nil
}
