//go:build !linux && !windows

package newfile

import "errors"

// renameNoReplace leaves it to a hard link, which all file systems of these systems have that hold disk images.
func renameNoReplace(string, string) error { return errors.ErrUnsupported }
