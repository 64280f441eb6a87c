package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openLocked opens the file with a share mode that lets in other readers, or nobody (Microsoft, CreateFileW, dwShareMode;
// not run on a Windows).
func openLocked(path string, m Mode) (*File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	access, share := uint32(windows.GENERIC_READ), uint32(windows.FILE_SHARE_READ)
	if m == Change {
		access, share = windows.GENERIC_READ|windows.GENERIC_WRITE, 0
	}
	h, err := windows.CreateFile(name, access, share, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return nil, &InUseError{Path: path, By: "another program has it open"}
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return &File{File: os.NewFile(uintptr(h), path)}, nil
}

// release does nothing: a handle of this program is in no other.
func release(*os.File) {}

// share does nothing: no other program opens an image for this one on Windows.
func share(*os.File) error { return nil }
