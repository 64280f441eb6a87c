//go:build unix

package fleet

import (
	"io/fs"
	"syscall"
)

// identity returns what tells a folder from all others, so that a bind mount of it is known as the same.
func identity(info fs.FileInfo) (any, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, false
	}
	return [2]uint64{uint64(st.Dev), uint64(st.Ino)}, true // Dev is signed elsewhere
}
