//go:build !unix

package imagefs

import "io/fs"

// folderKey returns nothing here: paths are compared.
func folderKey(fs.FileInfo) (any, bool) { return nil, false }
