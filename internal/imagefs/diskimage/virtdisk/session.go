package virtdisk

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Session is a visit to the Windows in a differencing disk that Windows has attached. As in any mounted tree, what is written
// is there at once. In modes [imagefs.Read] and [imagefs.Rehearse] the disk is attached read-only.
type Session struct {
	*localdir.Session // the tree of the volume

	disk   *disk
	volume volume
	made   *imagefs.NewDisk
	closed bool
}

var (
	_ imagefs.Session = (*Session)(nil)
	_ imagefs.Secured = (*Session)(nil)
	_ imagefs.Flagged = (*Session)(nil)
	_ imagefs.Exposed = (*Session)(nil)
	_ imagefs.Making  = (*Session)(nil)
)

// open attaches a disk image file and opens the Windows in it.
func open(ctx context.Context, sys *system, file string, device uint32, partition int, readOnly bool) (*Session, error) {
	if err := sys.mayAttach(ctx, file); err != nil {
		return nil, err
	}
	d, err := attach(sys, file, device, readOnly)
	if err != nil {
		return nil, err
	}
	v, err := d.find(ctx, partition)
	if err == nil {
		v.dirty, err = d.isDirty(v.name)
	}
	s := &Session{Session: v.tree, disk: d, volume: v}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Attach has Windows attach a VHD or VHDX file of any kind, read-only, and opens the Windows in it: for whoever wants to know what
// Windows reads there. Errors are those of [Open]; where no Windows is, 50.
func Attach(ctx context.Context, path string) (*Session, error) {
	sys := native()
	if sys == nil {
		return nil, winerr.Errorf(winerr.NotSupported, "only Windows attaches %s: use it there", plaintext.Line(path, 0))
	}
	return sys.attachReadOnly(ctx, path)
}

func (sys *system) attachReadOnly(ctx context.Context, path string) (*Session, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, imagefs.Wrap(imagefs.OpOpen, path, err)
	}
	device, err := deviceOf(file)
	if err != nil {
		return nil, err
	}
	return open(ctx, sys, file, device, 0, true)
}

// Volume returns the name by which programs of Windows' know the volume, such as \\?\Volume{GUID}.
func (s *Session) Volume() string { return device(s.volume.name) }

// Dirty reports whether the file system of the volume waits for chkdsk.
func (s *Session) Dirty() bool { return s.volume.dirty }

// openExisting opens a differencing disk that is there.
func (sys *system) openExisting(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (*Session, error) {
	made := at.Made()
	file, err := filepath.Abs(made.ImagePath)
	if err != nil {
		return nil, imagefs.Wrap(imagefs.OpOpen, made.ImagePath, err)
	}
	device, err := deviceOf(file)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, sys, file, device, at.Partition, mode != imagefs.Write)
	if err != nil {
		return nil, err
	}
	if at.NewPath() != "" {
		s.made = &imagefs.NewDisk{Path: at.NewPath(), Golden: at.ImagePath, Overlay: at.OverlayPath != "", Existed: true}
		s.made.Size, err = fileSize(file)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// String implements imagefs.Session.
func (s *Session) String() string {
	if s.made != nil {
		return plaintext.Line(s.made.Path, 0)
	}
	return plaintext.Line(s.disk.file, 0)
}

// Path implements imagefs.Volume.
func (s *Session) Path(name string) string {
	if name == "." {
		name = ""
	}
	return s.String() + `:\` + strings.ReplaceAll(name, "/", `\`)
}

// NTFSFlags implements imagefs.Flagged.
func (s *Session) NTFSFlags() (flags uint16, known bool) {
	if s.volume.dirty {
		flags = imagefs.NTFSDirty
	}
	return flags, true
}

// NewDisk implements imagefs.Making.
func (s *Session) NewDisk() *imagefs.NewDisk { return s.made }

// Commit implements imagefs.Session.
func (s *Session) Commit(ctx context.Context) (imagefs.Cost, error) {
	cost, err := s.Session.Commit(ctx)
	if !s.disk.readOnly {
		err = errors.Join(err, s.disk.flush(s.volume.name))
	}
	return cost, err
}

// Close implements imagefs.Session. The disk is detached when its last file is closed.
func (s *Session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.Session != nil {
		err = s.Session.Close()
	}
	return errors.Join(err, s.disk.close())
}
