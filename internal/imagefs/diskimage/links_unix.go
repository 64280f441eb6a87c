//go:build unix

package diskimage

import (
	"io/fs"
	"syscall"
)

// linkCount returns how many names a file has, 1 when that is not known.
func linkCount(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink) // narrower on some systems
	}
	return 1
}
