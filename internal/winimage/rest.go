package winimage

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// CheckAtRest refuses an image whose Windows has not put everything on its disk, or whose file system waits for repair
// (170): what is written to it would be lost at its next start, or be damaged by it. It looks at what the kind of the
// image lets be seen: hiberfil.sys at the root of the drive, and the flags of the NTFS volume below a mount.
func (im *Image) CheckAtRest() error { return im.unrest }

// findUnrest looks for the reasons of CheckAtRest.
func (im *Image) findUnrest() {
	switch hibernated, err := im.hibernated(); {
	case err != nil:
		im.facts.Warnings = append(im.facts.Warnings, fmt.Sprintf(
			"whether this Windows is hibernated is not known: %v", withoutCode(err)))
	case hibernated:
		im.unrest = im.busy("is hibernated (or was shut down with fast startup), and what is changed now would be lost: " +
			"start it and shut it down with shutdown /s /full")
	}
	if im.unrest == nil {
		im.unrest = im.volumeUnrest()
	}
	if im.unrest != nil && im.mode == Read {
		im.facts.Warnings = append(im.facts.Warnings, im.unrest.(*winerr.Error).Message) // made by busy
	}
}

// hiberfil is the file that a hibernated Windows keeps its memory in.
const hiberfil = "hiberfil.sys"

// hibernated reports whether the drive has the memory of a Windows that wants to go on. The header of the file begins
// with HIBR or hibr then, and with WAKE or RSTR, in either case, when it was being resumed (observed by forensic tools);
// it is zeroed when there is nothing to go on with, and the file is absent where hibernation is off.
func (im *Image) hibernated() (bool, error) {
	if !im.session.DriveKnown() {
		return false, nil
	}
	head, err := imagefs.ReadHead(im.session, hiberfil, 4)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch string(head) {
	case "HIBR", "hibr", "WAKE", "wake", "RSTR", "rstr":
		return true, nil
	}
	return false, nil
}

// volumeUnrest refuses a volume with flags that make the next start of Windows repair or convert it.
func (im *Image) volumeUnrest() error {
	below, can := im.session.(imagefs.Flagged)
	if !can {
		return nil
	}
	switch flags, known := below.NTFSFlags(); {
	case !known || flags == 0:
		return nil
	case flags&imagefs.NTFSDirty != 0:
		return im.busy("is on an NTFS volume that was not dismounted cleanly (dirty): start this Windows once, or run chkdsk")
	default:
		return im.busy("is on an NTFS volume that is marked for chkdsk or an upgrade (flags 0x%x): start this Windows once",
			flags)
	}
}

func (im *Image) busy(format string, args ...any) error {
	return &winerr.Error{
		Code: winerr.Busy, Err: imagefs.ErrLasting, Message: fmt.Sprintf("%s %s", im.session, fmt.Sprintf(format, args...)),
	}
}
