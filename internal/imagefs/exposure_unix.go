//go:build unix

package imagefs

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwnGroup reports whether a file is of the group that this user has for himself, by the custom that its number is the
// user's.
func isOwnGroup(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Gid) == os.Getegid() && os.Getegid() == os.Geteuid()
}
