package virtdisk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Makes reports whether the new disk of a location is a differencing disk, which Windows makes: on Windows, an overlay that is
// not there yet and whose name ends as those of VHD and VHDX files do. Any other overlay is a qcow2 image of our own.
func Makes(at imagefs.Location, mode imagefs.Mode) bool { return native().makes(at, mode) }

func (sys *system) makes(at imagefs.Location, mode imagefs.Mode) bool {
	if _, ok := deviceByName(at.OverlayPath); sys == nil || !ok || at.Check() != nil || mode == imagefs.Read {
		return false
	}
	if at.Anew && mode == imagefs.Rehearse { // what is there now will have been removed
		return true
	}
	_, err := os.Lstat(at.OverlayPath)
	return errors.Is(err, fs.ErrNotExist)
}

// Opens reports whether Windows opens what our own engine has refused with err: on Windows, an image that is a differencing
// disk, and that is not the golden one of a new disk.
func Opens(at imagefs.Location, err error) bool { return native().opens(at, err) }

func (sys *system) opens(at imagefs.Location, err error) bool {
	r, ok := errors.AsType[*container.Refused](err)
	if sys == nil || !ok || r.Kind != container.Differencing {
		return false
	}
	if at.NewPath() != "" {
		if _, err := os.Lstat(at.NewPath()); err != nil {
			return false
		}
	}
	_, err = deviceOf(at.Made().ImagePath)
	return err == nil // there are differencing VMDKs, too
}

// Open opens the Windows in a differencing disk for which [Makes] or [Opens] is true. Errors have the documented codes: 2 not
// there, 50 not supported, 87 no Windows or several, 112 no room, 170 in use, 740 for administrators only, 2711 exists, 2717
// broken; any other code is Windows' own.
func Open(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	sys := native()
	if sys == nil {
		return nil, winerr.Errorf(winerr.NotSupported, "only Windows attaches %s: use it there", at)
	}
	return sys.openAt(ctx, at, mode)
}

func (sys *system) openAt(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	if sys.makes(at, mode) {
		return sys.makeOverlay(ctx, at, mode)
	}
	s, err := sys.openExisting(ctx, at, mode)
	if err != nil {
		return nil, err // not a nil *Session in an interface
	}
	return s, nil
}

// deviceByName returns the format that the ending of a name means to Windows.
func deviceByName(path string) (device uint32, ok bool) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".vhdx", ".avhdx":
		return deviceVHDX, true
	case ".vhd", ".avhd":
		return deviceVHD, true
	}
	return 0, false
}

// deviceOf returns the format of a file: a VHDX begins with "vhdxfile" ([MS-VHDX] 2.2.1), a VHD ends with a footer that begins
// with "conectix", of which all but fixed ones have a copy in front (Microsoft, "Virtual Hard Disk Image Format Specification").
func deviceOf(path string) (device uint32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, imagefs.Wrap(imagefs.OpOpen, path, imagefs.FromSystem(err))
	}
	defer f.Close() // only read
	const footer = 512
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, imagefs.Wrap(imagefs.OpRead, path, imagefs.FromSystem(err))
	}
	for _, off := range []int64{0, size - footer} {
		var magic [8]byte
		if off < 0 {
			continue
		}
		if _, err := f.ReadAt(magic[:], off); err != nil && !errors.Is(err, io.EOF) {
			return 0, imagefs.Wrap(imagefs.OpRead, path, imagefs.FromSystem(err))
		}
		switch {
		case off == 0 && string(magic[:]) == "vhdxfile":
			return deviceVHDX, nil
		case string(magic[:]) == "conectix":
			return deviceVHD, nil
		}
	}
	return 0, winerr.Errorf(winerr.NotSupported, "%s is neither a VHDX nor a VHD, and a differencing disk stands on one: give "+
		"overlay_path another ending for a qcow2 overlay", plaintext.Line(path, 0))
}
