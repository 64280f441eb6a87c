package virtdisk

import (
	"errors"
	"syscall"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// needsElevation is the refusal for a process without an administrator's rights (740).
func needsElevation(file string) error {
	return winerr.Errorf(winerr.ElevationRequired, "%s is, or becomes, a differencing disk, which Windows attaches for administrators "+
		"only: run elevated (as administrator), or use a disk that stands by itself, which needs no elevation", plaintext.Line(file, 0))
}

// problem is what an error of Windows comes down to: a code of ours and the rest of a sentence.
type problem struct {
	code winerr.Code
	what string
}

const (
	inUse = "is in use: power its machine off, or detach it (Dismount-DiskImage)"
	stale = "is broken: the disk that it stands on changed, or is another one; put that one back from a copy, or make " +
		"the overlay anew"
)

// problems lists the errors of Windows that have a sentence of their own. Those for host volumes are documented at
// OpenVirtualDisk, 1314 at AttachVirtualDisk (SE_MANAGE_VOLUME_PRIVILEGE), the others in winerror.h.
func problems() map[uint32]problem {
	parent := problem{winerr.CantLoadOfflineHive, stale}
	host := problem{winerr.NotSupported, "lies in a compressed or encrypted (EFS) folder, from which Windows attaches no disk: move it"}
	return map[uint32]problem{
		errorFileNotFound:     {winerr.FileNotFound, "does not exist"},
		errorPathNotFound:     {winerr.FileNotFound, "does not exist"},
		errorWriteProtect:     {winerr.CantCreateJoinInfo, "is write protected, by its file or by a policy (BitLocker)"},
		errorSharingViolation: {winerr.Busy, inUse},
		errorLockViolation:    {winerr.Busy, inUse},
		errorFileExists:       {winerr.CantCreateJoinInfo, "exists: remove it first"},
		errorAlreadyExists:    {winerr.CantCreateJoinInfo, "exists: remove it first"},
		errorDiskFull:         {winerr.DiskFull, "has no room on its volume"},
		errorModNotFound:      {winerr.NotSupported, "needs virtdisk.dll, which this Windows does not have"},
		errorProcNotFound:     {winerr.NotSupported, "needs a function of virtdisk.dll that this Windows does not have"},
		errorCompressed:       host,
		errorEncrypted:        host,
		errorParentNotFound:   {winerr.FileNotFound, "stands on a disk that is not found: put it back where it was"},
		errorParentID:         parent,
		errorParentTimestamp:  parent,
		errorParentSize:       parent,
		errorBitLocker:        {winerr.NotSupported, "holds a volume that BitLocker has locked: decrypt it before the image is made"},
	}
}

// failed is the sentence for an error of Windows about a disk image file; done is what could not be done to it.
func failed(done, file string, err error) error {
	if err == nil {
		return nil
	}
	shown := plaintext.Line(file, 0)
	errno, ok := errors.AsType[syscall.Errno](err)
	number := uint32(errno)
	_, known := problems()[number]
	if _, coded := winerr.CodeOf(err); coded && !known { // of package localdir, which has named the file
		return err
	}
	if !ok {
		return winerr.Errorf(winerr.GenFailure, "%s cannot be %s: %w", shown, done, err)
	}
	if number == errorElevation || number == errorPrivilege {
		return needsElevation(file)
	}
	if p, ok := problems()[number]; ok {
		e := winerr.Errorf(p.code, "%s %s: it could not be %s", shown, p.what, done)
		if p.code == winerr.Busy {
			return e
		}
		return imagefs.Lasting(e)
	}
	code := winerr.Code(number)
	if text := code.Text(); text != "" {
		return imagefs.Lasting(winerr.Errorf(code, "%s cannot be %s: %s", shown, done, text))
	}
	return imagefs.Lasting(winerr.Errorf(code, "%s cannot be %s: Windows returned error 0x%X", shown, done, number))
}
