package newfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// renameNoReplace renames a closed file. MoveFileExW replaces nothing without MOVEFILE_REPLACE_EXISTING (documented by
// Microsoft; not run on a Windows).
func renameNoReplace(from, to string) error {
	src, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	dst, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(src, dst, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// syncFolder does nothing: folders of Windows cannot be flushed, and MOVEFILE_WRITE_THROUGH has flushed the name.
func syncFolder(string) error { return nil }
