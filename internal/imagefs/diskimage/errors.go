package diskimage

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/undojournal"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// volumeCodes are the codes of what a volume, or a file or change on it, is refused for. Others are 50.
func volumeCodes() map[ntfs.Kind]winerr.Code {
	return map[ntfs.Kind]winerr.Code{
		ntfs.Dirty: winerr.Busy, ntfs.Flagged: winerr.Busy, ntfs.LogPending: winerr.Busy, ntfs.Hibernated: winerr.Busy,
		ntfs.LogDamaged: winerr.CantLoadOfflineHive, ntfs.Damaged: winerr.CantLoadOfflineHive,
		ntfs.Truncated: winerr.CantLoadOfflineHive,
		ntfs.Linked:    winerr.CantCreateJoinInfo,
		ntfs.NoSpace:   winerr.DiskFull, ntfs.NoRecord: winerr.DiskFull, ntfs.DirectoryFull: winerr.DiskFull,
		ntfs.TooLarge: winerr.DiskFull,
	}
}

// containerCodes are the codes of what an image file is refused for. Others are 50.
func containerCodes() map[container.Kind]winerr.Code {
	return map[container.Kind]winerr.Code{
		container.Corrupt: winerr.CantLoadOfflineHive, container.Truncated: winerr.CantLoadOfflineHive,
		container.Dirty: winerr.Busy, container.PendingLog: winerr.Busy,
		container.BackingMissing: winerr.FileNotFound, container.MissingExtent: winerr.FileNotFound,
		container.NotFile: winerr.InvalidParameter,
	}
}

// waysOut are for refusals of image files whose own words name none.
func waysOut() map[container.Kind]string {
	const engine = ": convert it with qemu-img convert -O qcow2, or use overlay_path"
	return map[container.Kind]string{
		container.Dirty:           ": run qemu-img check -r all",
		container.Snapshots:       engine,
		container.Bitmaps:         engine,
		container.RefcountWidth:   engine,
		container.ExtendedL2:      ": convert it with qemu-img convert -O qcow2",
		container.DataFile:        ": convert it with qemu-img convert -O qcow2",
		container.Sparse:          engine,
		container.StreamOptimized: ": convert it with qemu-img convert -O qcow2",
		container.NoRoom:          engine,
		container.BackingMissing:  ": put it back, or say where it is with qemu-img rebase -u -b FILE -F FORMAT",
		container.NotFile:         ": correct the path",
		container.NoBackingFormat: ": give it one with qemu-img rebase -u -b FILE -F FORMAT",
	}
}

// coded gives an error of the packages below its code. what begins the sentence for refusals that continue one; o is what
// was being done, for errors of the file system.
func coded(o imagefs.Op, what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := winerr.CodeOf(err); ok {
		return err
	}
	if code, said, ok := refusal(err); ok {
		cause := err
		if isLasting(err) {
			err = imagefs.Lasting(err)
		}
		what = plaintext.Line(what, 0)
		switch {
		case said:
			return winerr.Errorf(code, "%w", plain{err})
		case inVolume(cause), inJournal(cause): // a path of the volume, or the journal, comes first
			return winerr.Errorf(code, "%s: %w", what, plain{err})
		}
		return winerr.Errorf(code, "%s %w", what, plain{err})
	}
	return systemError(o, what, err)
}

// systemError is the sentence for an error of the operating system, of which several may have come one after the other: the
// first counts. One from reading names the file that was read.
func systemError(o imagefs.Op, what string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok && pe.Op == "read" {
		return imagefs.Wrap(imagefs.OpRead, pe.Path, imagefs.FromSystem(pe.Err))
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = errno
	}
	return imagefs.Wrap(o, what, imagefs.FromSystem(err))
}

// plain is an error of the engines, which show names of files and of what is in them as they are, as text for a line.
type plain struct{ error }

// Error implements error.
func (p plain) Error() string { return plaintext.Line(p.error.Error(), 0) }

// Unwrap returns the error itself.
func (p plain) Unwrap() error { return p.error }

// isLasting reports a refusal that is no lock of somebody who may be done soon.
func isLasting(err error) bool {
	_, inUse := errors.AsType[*lock.InUseError](err)
	_, busy := errors.AsType[*undojournal.Busy](err)
	return !inUse && !busy
}

// inVolume reports a refusal with a path of the volume before it.
func inVolume(err error) bool {
	r, is := errors.AsType[*ntfs.Refused](err)
	return is && err != error(r)
}

// inJournal reports a refusal that begins with the journal.
func inJournal(err error) bool {
	return errors.Is(err, undojournal.ErrJournal) || errors.Is(err, undojournal.ErrTooLarge)
}

// refusal returns the code of a refusal. said means that its words name what is refused already.
func refusal(err error) (code winerr.Code, said, ok bool) {
	if r, is := errors.AsType[*ntfs.Refused](err); is {
		return codeIn(volumeCodes(), r.Kind), false, true
	}
	if r, is := errors.AsType[*container.Refused](err); is && errors.Is(r, fs.ErrPermission) {
		return winerr.AccessDenied, err != error(r), true
	}
	if r, is := errors.AsType[*container.Refused](err); is {
		return codeIn(containerCodes(), r.Kind), err != error(r), true // disk.Open names the file
	}
	if _, is := errors.AsType[*lock.InUseError](err); is {
		return winerr.Busy, true, true
	}
	if _, is := errors.AsType[*disk.NoSpaceError](err); is {
		return winerr.DiskFull, true, true
	}
	if _, is := errors.AsType[*newfile.SyncError](err); is {
		return winerr.CantCreateJoinInfo, true, true
	}
	return journalRefusal(err)
}

func journalRefusal(err error) (code winerr.Code, said, ok bool) {
	if _, is := errors.AsType[*undojournal.Foreign](err); is {
		return winerr.Busy, false, true
	}
	if _, is := errors.AsType[*undojournal.Busy](err); is {
		return winerr.Busy, false, true
	}
	if _, is := errors.AsType[*undojournal.Pending](err); is {
		return winerr.Busy, false, true
	}
	if errors.Is(err, undojournal.ErrJournal) {
		return winerr.NotSupported, false, true
	}
	if errors.Is(err, undojournal.ErrTooLarge) {
		return winerr.NotSupported, false, true
	}
	return 0, false, false
}

func codeIn[K comparable](codes map[K]winerr.Code, k K) winerr.Code {
	if c, ok := codes[k]; ok {
		return c
	}
	return winerr.NotSupported
}

// fileError is coded for a file of the volume. Refusals of the volume's own name the path already, in the words of ntfs; the
// path of the image goes before it.
func fileError(o imagefs.Op, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := winerr.CodeOf(err); ok {
		return err
	}
	if r, is := errors.AsType[*ntfs.Refused](err); is {
		return winerr.Errorf(codeIn(volumeCodes(), r.Kind), "%s %w", plaintext.Line(path, 0), plain{imagefs.Lasting(r)})
	}
	if _, _, ok := refusal(err); ok {
		return coded(o, path, err)
	}
	for _, plain := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrInvalid} {
		if errors.Is(err, plain) {
			return imagefs.Wrap(o, path, plain)
		}
	}
	return imagefs.Wrap(o, path, err)
}
